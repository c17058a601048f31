import { Int32 } from 'bson';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSort } from '../../../src/embedded-mongodb/query/sort.ts';
import { Sorter } from '../../../src/embedded-mongodb/query/sorter.ts';

const BY_N = parseSort({ n: new Int32(1) });

describe('a sort in memory', () => {
  test('gives the first items in order, and equal items in the order of their arrival', () => {
    const lists = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 1000 });
    const property = fc.property(lists, fc.integer({ min: 1, max: 300 }), (list, keep) => {
      const sorter = new Sorter<readonly [number, number]>(BY_N, keep);
      for (const [index, n] of list.entries()) {
        sorter.add({ n: new Int32(n) }, [n, index], 1);
        if (sorter.isFull) exhaust(sorter.compact());
      }
      const expected = list
        .map((n, index) => [n, index])
        .toSorted(([a = 0, i = 0], [b = 0, j = 0]) => a - b || i - j);
      expect(sorter.sorted()).toEqual(expected.slice(0, keep));
    });
    fc.assert(property, { numRuns: 50 });
  });

  test('rests after every few items', () => {
    const sorter = new Sorter<number>(BY_N);
    for (let n = 0; n < 10_000; n += 1) sorter.add({ n: new Int32((n * 7919) % 10_000) }, n, 1);
    let rests = 0;
    for (const item of sorter.inSteps()) {
      if (item !== undefined) break;
      rests += 1;
    }
    // 10,000 items are merged seven times.
    expect(rests).toBeGreaterThan(4_000);
  });
});

function exhaust(steps: Generator<undefined>): void {
  for (const _ of steps);
}
