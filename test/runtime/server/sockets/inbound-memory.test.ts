/** Who may take how much of the memory for requests. */

import { expect, test } from 'vitest';
import { BuddyAllocator } from '../../../../src/runtime/memory/allocator.ts';
import { InboundMemory } from '../../../../src/runtime/server/sockets/inbound-memory.ts';

const MB = 1_048_576;
const LARGE = MB;

const createMemory = (megabytes: number) =>
  new InboundMemory(new BuddyAllocator(0, megabytes * MB), megabytes * MB);

test('large buffers leave an eighth to small ones', () => {
  const memory = createMemory(16);
  let large = 0;
  while (memory.allocate(LARGE, `client ${large}`) >= 0) large++;
  expect(large).toBe(14);
  let small = 0;
  while (memory.allocate(16_384, 'anyone') >= 0) small++;
  expect(small * 16_384).toBe(2 * MB);
});

test('one address may hold half of it in large buffers, and gets it again when it has given some back', () => {
  const memory = createMemory(16);
  const held: number[] = [];
  for (let address = 0; address >= 0; address = memory.allocate(LARGE, 'greedy'))
    if (address > 0) held.push(address);
  expect(memory.allocatedBytes).toBe(8 * MB);
  expect(memory.allocate(LARGE, 'other')).toBeGreaterThan(0);
  memory.free(held[0] ?? -1, LARGE, 'greedy');
  expect(memory.allocate(LARGE, 'greedy')).toBeGreaterThan(0);
  expect(memory.allocate(LARGE, 'greedy')).toBe(-1);
});

test('one buffer is allowed to every address, however large it is', () => {
  const memory = createMemory(16);
  expect(memory.allocate(8 * MB, 'one')).toBeGreaterThanOrEqual(0);
  expect(memory.allocate(LARGE, 'one')).toBe(-1);
});
