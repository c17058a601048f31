import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { estimate, estimateRatio } from '../../../bench/laboratory/bootstrap.ts';
import { ratiosTo, summarizeFixedRates, summarizeRounds } from '../../../bench/laboratory/derive.ts';
import { seededRandom, shuffled } from '../../../bench/laboratory/random.ts';
import { type FixedRate, type Round, readResults } from '../../../bench/laboratory/results.ts';

const EXAMPLE = readFileSync(join(import.meta.dirname, '../fixtures/results.json'), 'utf8');

function round(
  requestsPerSecond: number,
  cpuMicrosecondsPerRequest: number,
  more: Partial<Round> = {},
): Round {
  return {
    startedAt: '2026-11-28T05:05:00.000Z',
    seconds: 1,
    requests: requestsPerSecond,
    requestsPerSecond,
    cpuMicrosecondsPerRequest,
    memoryMb: 100,
    errors: 0,
    generatorShare: 0.2,
    generatorWasLimit: false,
    ...more,
  };
}

describe('a file of results', () => {
  test('is read back as it is described', () => {
    const run = readResults(EXAMPLE);
    expect(run.scenarios.map(({ name }) => name)).toContain('health');
  });

  test('is refused with the place that is wrong', () => {
    const run = readResults(EXAMPLE);
    const wrong = JSON.stringify({ ...run, machine: { ...run.machine, cores: 'two' } });
    expect(() => readResults(wrong)).toThrow('/machine/cores must be number');
    expect(() => readResults(JSON.stringify({ ...run, format: 0 }))).toThrow('/format');
  });
});

describe('a bootstrap interval', () => {
  test('lies around the median and within the values', () => {
    const { median, low, high } = estimate([10, 12, 11, 30, 9]);
    expect(median).toBe(11);
    expect(low).toBeGreaterThanOrEqual(9);
    expect(low).toBeLessThan(11);
    expect(high).toBeGreaterThan(11);
    expect(high).toBeLessThanOrEqual(30);
  });

  test('is the same for the same values', () => {
    expect(estimate([3, 1, 4, 1, 5])).toEqual(estimate([3, 1, 4, 1, 5]));
  });

  test('is a point where there is no spread', () => {
    expect(estimate([7, 7, 7])).toEqual({ median: 7, low: 7, high: 7 });
  });

  test('contains the true median of known data about as often as it says', () => {
    const random = seededRandom(1);
    const contains = Array.from({ length: 60 }, () => {
      const { low, high } = estimate(Array.from({ length: 25 }, () => 100 * random()));
      return low <= 50 && 50 <= high;
    });
    expect(contains.filter(Boolean).length).toBeGreaterThan(52);
  });

  test('of a ratio is computed round by round, so that a disturbed round affects both arms', () => {
    expect(estimateRatio([20, 2, 200], [10, 1, 100])).toEqual({ median: 2, low: 2, high: 2 });
    expect(() => estimateRatio([1], [])).toThrow('without a partner');
  });
});

describe('the derived numbers', () => {
  test('are ratios of every arm to each reference that was measured', () => {
    const arms = [
      { name: 'wasm', rounds: [round(200, 5), round(20, 5)] },
      { name: 'fastify', rounds: [round(100, 10), round(10, 10)] },
    ];
    const ratios = ratiosTo(['fastify', 'absent'], arms);
    expect(ratios).toHaveLength(1);
    expect(ratios[0]).toMatchObject({
      of: 'wasm',
      to: 'fastify',
      requestsPerSecond: { median: 2 },
      cpuMicrosecondsPerRequest: { median: 0.5 },
    });
  });

  test('have no latency where a round has none, and all further figures', () => {
    const summary = summarizeRounds([
      round(1, 1, { p50Ms: 1, figures: { goodput: 3 } }),
      round(1, 1, { figures: { goodput: 5 } }),
    ]);
    expect(summary.p50Ms).toBeUndefined();
    expect(summary.figures?.['goodput']?.median).toBe(4);
  });

  test('have one line for each rate, in ascending order', () => {
    const block = (shareOfCapacity: number, p99Ms: number): FixedRate => ({
      startedAt: '2026-11-28T05:05:00.000Z',
      seconds: 1,
      shareOfCapacity,
      rate: 1000 * shareOfCapacity,
      achievedRate: 1000 * shareOfCapacity,
      p50Ms: 1,
      p99Ms,
      p999Ms: 9,
      mostMs: 10,
      generatorLatenessP99Ms: 0.1,
      generatorShare: 0.1,
      errors: 0,
    });
    const summaries = summarizeFixedRates([block(0.8, 7), block(0.5, 2), block(0.5, 4)]);
    expect(summaries.map(({ rate, p99Ms }) => [rate, p99Ms])).toEqual([
      [500, 3],
      [800, 7],
    ]);
  });
});

test('a seed repeats the same order, and loses no value', () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8];
  const order = shuffled(values, seededRandom(3));
  expect(shuffled(values, seededRandom(3))).toEqual(order);
  expect(order.toSorted()).toEqual(values);
  expect(shuffled(values, seededRandom(4))).not.toEqual(order);
});
