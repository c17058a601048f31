import { expect, test } from 'vitest';
import { Sampling } from '../../../../src/runtime/server/timing/sampling.ts';

/** A generator with a seed (mulberry32), so that the test is the same each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function taken(sampling: Sampling, turns: number): number[] {
  return Array.from({ length: turns }, (_, turn) => turn).filter(() => sampling.next());
}

test('one turn in so many is timed', () => {
  const sampling = new Sampling(64, randomFrom(1));
  const { length } = taken(sampling, 640_000);
  expect(length).toBeGreaterThan(9_500);
  expect(length).toBeLessThan(10_500);
});

test('clients that take turns are timed alike', () => {
  const byClient = new Array<number>(64).fill(0);
  for (const turn of taken(new Sampling(64, randomFrom(2)), 64 * 64 * 100)) {
    byClient[turn % 64] = (byClient[turn % 64] ?? 0) + 1;
  }
  expect(Math.min(...byClient)).toBeGreaterThan(60);
  expect(Math.max(...byClient)).toBeLessThan(140);
});

test('with 1 all are timed, and with 0 none', () => {
  expect(taken(new Sampling(1), 1_000)).toHaveLength(1_000);
  expect(taken(new Sampling(0), 1_000)).toHaveLength(0);
  expect([new Sampling(1).isOn, new Sampling(0).isOn]).toEqual([true, false]);
});

test('the distances are from 1 to one less than twice the interval', () => {
  const turns = taken(new Sampling(8, randomFrom(3)), 100_000);
  const distances = new Set(turns.slice(1).map((turn, index) => turn - (turns[index] ?? 0)));
  expect([...distances].sort((one, other) => one - other)).toEqual(
    Array.from({ length: 15 }, (_, index) => index + 1),
  );
});
