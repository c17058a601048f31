import { describe, expect, test } from 'vitest';
import {
  BUCKETS,
  bucketOf,
  countOf,
  lowerBoundOf,
  quantileOf,
  sumOf,
} from '../../../../src/runtime/memory/workers/stage-histogram.ts';
import { StageTimes, stageWord } from '../../../../src/runtime/memory/workers/stage-times.ts';
import { STAGES } from '../../../../src/runtime/memory/workers/stages.ts';
import { StageTotals } from '../../../../src/runtime/server/timing/stage-totals.ts';
import { createShared } from '../threads/shared.ts';

const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucket);

function histogram(milliseconds: readonly number[]): number[] {
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const duration of milliseconds) counts[bucketOf(duration)] = (counts[bucketOf(duration)] ?? 0) + 1;
  return counts;
}

describe('buckets', () => {
  test('each begins where the one before ends', () => {
    for (const bucket of buckets) {
      const from = lowerBoundOf(bucket);
      const to = lowerBoundOf(bucket + 1);
      expect(bucketOf(from)).toBe(bucket);
      expect(bucketOf((from + to) / 2)).toBe(bucket);
      expect(bucketOf(to)).toBe(Math.min(bucket + 1, BUCKETS - 1));
    }
  });

  test('from 128 ns on, none is wider than an eighth of what it holds', () => {
    for (const bucket of buckets.slice(8)) {
      const from = lowerBoundOf(bucket);
      expect((lowerBoundOf(bucket + 1) - from) / from).toBeLessThan(0.125_000_1);
    }
  });

  test('hold 16 ns to 68 s', () => {
    expect(lowerBoundOf(1)).toBeCloseTo(0.000_016, 12);
    expect(lowerBoundOf(BUCKETS)).toBeCloseTo(68_719, 0);
  });

  test('what is too long is in the last one, and what is negative in the first', () => {
    expect([1e6, 1e300, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual(Array(3).fill(BUCKETS - 1));
    expect([0, -0.001, -1e9].map(bucketOf)).toEqual([0, 0, 0]);
  });
});

describe('quantiles', () => {
  test('of nothing are undefined', () => {
    expect(quantileOf(histogram([]), 0.5)).toBeUndefined();
  });

  test('are within an eighth of the exact ones', () => {
    const durations = Array.from({ length: 10_000 }, (_, index) => 0.001 * 1.001 ** index);
    const counts = histogram(durations);
    for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
      const exact = durations[Math.ceil(share * durations.length) - 1] ?? 0;
      const told = quantileOf(counts, share) ?? 0;
      expect(Math.abs(told - exact) / exact).toBeLessThan(1 / 8);
    }
  });

  test('of one duration are in its bucket', () => {
    for (const share of [0, 0.5, 0.99, 1]) {
      const told = quantileOf(histogram([5]), share) ?? 0;
      expect(told).toBeGreaterThanOrEqual(lowerBoundOf(bucketOf(5)));
      expect(told).toBeLessThanOrEqual(lowerBoundOf(bucketOf(5) + 1));
    }
  });

  test('one slow request of a hundred is the 99.5th percentile and not the median', () => {
    const counts = histogram([...Array<number>(99).fill(0.1), 400]);
    expect(quantileOf(counts, 0.5)).toBeLessThan(0.12);
    expect(quantileOf(counts, 0.995)).toBeGreaterThan(300);
  });

  test('count and sum are those of the durations', () => {
    const counts = histogram([1, 2, 3, 4]);
    expect(countOf(counts)).toBe(4);
    expect(Math.abs(sumOf(counts) - 10)).toBeLessThan(10 / 16);
  });
});

describe('times of stages', () => {
  test('of all threads are added up, each in its stage', () => {
    const shared = createShared({ connections: 1 });
    const totals = new StageTotals(shared);
    const main = new StageTimes(shared, shared.layout.slots);
    const workers = [0, 1].map((slot) => new StageTimes(shared, slot));
    main.observe('write', 1);
    for (const worker of workers) worker.observe('controller', 2);
    totals.addUp();
    totals.addUp();
    const counts = Object.fromEntries([...totals.all()].map(([stage, counted]) => [stage, countOf(counted)]));
    expect(counts).toEqual({
      ...Object.fromEntries(STAGES.map((stage) => [stage, 0])),
      write: 1,
      controller: 2,
    });
  });

  test('are counted on where a word wraps around', () => {
    const shared = createShared({ connections: 1 });
    const word = stageWord(shared.layout, 0, STAGES.indexOf('queue')) + bucketOf(1);
    shared.words[word] = -2;
    const totals = new StageTotals(shared);
    totals.addUp();
    const before = countOf(totals.all().get('queue') ?? []);
    for (let time = 0; time < 5; time++) new StageTimes(shared, 0).observe('queue', 1);
    totals.addUp();
    expect(countOf(totals.all().get('queue') ?? []) - before).toBe(5);
  });

  test('of the last stage of the last thread lie in the memory of the stages', () => {
    const shared = createShared({ connections: 1 });
    const { layout } = shared;
    const before = shared.words.slice();
    new StageTimes(shared, layout.slots).observe('total', 1e9);
    const changed = before.findIndex((word, index) => word !== shared.words[index]);
    expect(changed).toBe(stageWord(layout, layout.slots, STAGES.length) - 1);
    expect(changed).toBeLessThan(layout.coreAddress / 4);
  });
});
