import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/platform/invariant.ts';
import { BuddyAllocator, SMALLEST_BUFFER_BYTES } from '../../../src/runtime/memory/allocator.ts';
import { CheckedBuddyAllocator } from '../../../src/runtime/memory/checked/checked-allocator.ts';

const START = 3 * 65_536 + 64;
const UNIT = SMALLEST_BUFFER_BYTES;

interface Block {
  readonly address: number;
  readonly size: number;
}

function allocateAll(allocator: BuddyAllocator, size: number): Block[] {
  const blocks: Block[] = [];
  for (;;) {
    const address = allocator.allocate(size);
    if (address === -1) return blocks;
    blocks.push({ address, size });
  }
}

describe('BuddyAllocator', () => {
  test('rounds sizes up to powers of two, from the smallest buffer', () => {
    const sizes = [0, 1, UNIT, UNIT + 1, 2 * UNIT, 2 * UNIT + 1, 1_048_576, 1_048_577];
    expect(sizes.map((bytes) => BuddyAllocator.sizeFor(bytes))).toEqual([
      UNIT,
      UNIT,
      UNIT,
      2 * UNIT,
      2 * UNIT,
      4 * UNIT,
      1_048_576,
      2_097_152,
    ]);
  });

  test('needs room for at least one buffer', () => {
    expect(() => new CheckedBuddyAllocator(START, UNIT - 1)).toThrow(RangeError);
    expect(allocateAll(new CheckedBuddyAllocator(START, UNIT), UNIT)).toEqual([
      { address: START, size: UNIT },
    ]);
  });

  test('hands out every unit of its memory, whatever the size of that memory', () => {
    for (let units = 1; units <= 70; units++) {
      const blocks = allocateAll(new CheckedBuddyAllocator(START, units * UNIT + UNIT - 1), UNIT);
      const expected = Array.from({ length: units }, (_, unit) => START + unit * UNIT);
      expect(blocks.map(({ address }) => address).sort((a, b) => a - b)).toEqual(expected);
    }
  });

  test('returns -1 for a size that does not fit, and still serves smaller ones', () => {
    const allocator = new CheckedBuddyAllocator(START, 3 * UNIT);
    expect(allocator.allocate(4 * UNIT), 'larger than all there is').toBe(-1);
    expect(allocator.allocate(2 * UNIT)).not.toBe(-1);
    expect(allocator.allocate(2 * UNIT)).toBe(-1);
    expect(allocator.allocate(UNIT)).not.toBe(-1);
    expect(allocator.allocatedBytes).toBe(3 * UNIT);
  });

  test('memory that served small buffers serves the largest one afterwards', () => {
    const units = 1_024; // More than are kept aside unjoined.
    const allocator = new CheckedBuddyAllocator(START, units * UNIT);
    for (const { address, size } of allocateAll(allocator, UNIT)) allocator.free(address, size);
    expect(allocator.allocatedBytes).toBe(0);
    expect(allocator.allocate(units * UNIT)).toBe(START);
  });

  test('accepts a buffer back once, with its own size, and only if it was handed out', () => {
    const allocator = new CheckedBuddyAllocator(START, 8 * UNIT);
    const address = allocator.allocate(2 * UNIT);
    expect(() => allocator.free(address, UNIT), 'another size').toThrow(InvariantError);
    expect(() => allocator.free(address + UNIT, UNIT), 'the middle of a buffer').toThrow(InvariantError);
    expect(() => allocator.free(address + 1, 2 * UNIT), 'between two units').toThrow(InvariantError);
    expect(() => allocator.free(START - UNIT, UNIT), 'before the memory').toThrow(InvariantError);
    allocator.free(address, 2 * UNIT);
    expect(() => allocator.free(address, 2 * UNIT), 'twice').toThrow(InvariantError);
    const small = allocator.allocate(UNIT);
    allocator.free(small, UNIT);
    expect(() => allocator.free(small, UNIT), 'twice, of those kept aside').toThrow(InvariantError);
  });

  test('hands out only sizes that sizeFor gives', () => {
    const allocator = new CheckedBuddyAllocator(START, 8 * UNIT);
    for (const size of [0, UNIT / 2, UNIT + 1, 3 * UNIT]) {
      expect(() => allocator.allocate(size), `${size}`).toThrow(InvariantError);
    }
  });

  test('keeps buffers aligned and apart in any order of steps, and gets all of them back', () => {
    const step = fc.record({ exponent: fc.nat(6), freeing: fc.boolean(), which: fc.nat() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.array(step, { maxLength: 200 }), (units, steps) => {
        const allocator = new CheckedBuddyAllocator(START, units * UNIT);
        const live: Block[] = [];
        for (const { exponent, freeing, which } of steps) {
          if (freeing && live.length > 0) {
            for (const { address, size } of live.splice(which % live.length, 1))
              allocator.free(address, size);
          } else {
            const size = UNIT * 2 ** exponent;
            const address = allocator.allocate(size);
            if (address === -1) assertNoRoom(live, units, size);
            else live.push(assertSound({ address, size }, live, units));
          }
          const bytes = live.reduce((sum, { size }) => sum + size, 0);
          expect(allocator.allocatedBytes).toBe(bytes);
        }
        for (const { address, size } of live) allocator.free(address, size);
        assertPristine(allocator, units);
      }),
      { numRuns: 300 },
    );
  });
});

function assertSound(block: Block, live: readonly Block[], units: number): Block {
  const offset = block.address - START;
  expect(offset % UNIT).toBe(0);
  expect(offset).toBeGreaterThanOrEqual(0);
  expect(offset + block.size).toBeLessThanOrEqual(units * UNIT);
  for (const other of live) {
    expect(
      block.address + block.size <= other.address || other.address + other.size <= block.address,
      'two buffers overlap',
    ).toBe(true);
  }
  return block;
}

/** A refusal is right only if no aligned block of that size is wholly free. */
function assertNoRoom(live: readonly Block[], units: number, size: number): void {
  for (let at = START; at + size <= START + units * UNIT; at += size) {
    const isFree = live.every((block) => block.address + block.size <= at || at + size <= block.address);
    expect(isFree, `${size} bytes were refused although the block at ${at - START} is free`).toBe(false);
  }
}

/** Everything is joined again: the largest blocks that fit can be had. */
function assertPristine(allocator: BuddyAllocator, units: number): void {
  for (let rest = units; rest > 0; ) {
    const size = 2 ** Math.floor(Math.log2(rest));
    expect(allocator.allocate(size * UNIT)).not.toBe(-1);
    rest -= size;
  }
  expect(allocator.allocate(UNIT)).toBe(-1);
}
