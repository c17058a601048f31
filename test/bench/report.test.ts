import { describe, expect, test } from 'vitest';
import type { Measurement, ServerMeasurements } from '../../bench/comparison.ts';
import { readOptions } from '../../bench/options.ts';
import { measurementTable, ratioLines, ratiosOf, table } from '../../bench/report.ts';
import { quantile, summarize } from '../../bench/statistics.ts';

function round(requestsPerSecond: number, cpuMicrosecondsPerRequest: number): Measurement {
  return {
    requests: requestsPerSecond,
    requestsPerSecond,
    latency: { p50Ms: 0.5, p90Ms: 0.9, p99Ms: 2 },
    cpuMicrosecondsPerRequest,
    residentBytes: 100 * 1024 * 1024,
  };
}

const OURS: ServerMeasurements = { name: 'ours', rounds: [round(2000, 5), round(1500, 6), round(9000, 2)] };
const OTHER: ServerMeasurements = {
  name: 'other',
  rounds: [round(1000, 10), round(1000, 10), round(3000, 8)],
};

describe('statistics', () => {
  test('the median of an even number of values lies between the middle two', () => {
    expect(summarize([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 });
  });

  test('a quantile is interpolated', () => {
    expect(quantile([0, 10], 0.9)).toBe(9);
    expect(quantile([7], 0.99)).toBe(7);
  });

  test('an empty list has no statistics', () => {
    expect(() => summarize([])).toThrow('nothing to summarize');
  });
});

describe('the ratios of a report', () => {
  test('are computed round by round, so that a disturbance of a round affects both servers', () => {
    expect(ratiosOf([OURS, OTHER])).toEqual([
      {
        of: 'ours',
        to: 'other',
        requestsPerSecond: { median: 2, least: 1.5, most: 3 },
        cpuPerRequest: { median: 0.5, least: 0.25, most: 0.6 },
      },
    ]);
  });

  test('compare the first server with each of the others', () => {
    const ratios = ratiosOf([OURS, OTHER, { ...OTHER, name: 'third' }]);
    expect(ratios.map(({ of, to }) => `${of}:${to}`)).toEqual(['ours:other', 'ours:third']);
    expect(ratioLines(ratios)).toContain('ours : third  req/s × 2.00 (1.50 to 3.00)');
  });
});

describe('the table of a report', () => {
  test('shows medians and the spread of the rounds', () => {
    const [, ours] = measurementTable([OURS, OTHER]).split('\n');
    expect(ours).toMatch(/^ours +2,000 ±188 % +0\.50 +0\.90 +2\.00 +5\.00 ±40 % +100$/);
  });

  test('has a dash for latencies that were not measured', () => {
    const pipelined = { name: 'ours', rounds: [{ ...round(2000, 5), latency: undefined }] };
    expect(measurementTable([pipelined]).split('\n')[1]).toMatch(/^ours .* 2,000 ± 0 % +- +- +- +5\.00/);
  });

  test('aligns its columns', () => {
    expect(
      table([
        ['a', 'long'],
        ['longer', '1'],
      ]),
    ).toBe('a        long\nlonger      1');
  });
});

describe('the options of a benchmark', () => {
  const numbers = { rounds: { fallback: 5, least: 1, most: 10, about: 'rounds' } };

  test('have defaults', () => {
    expect(readOptions([], numbers)).toEqual({ numbers: { rounds: 5 }, json: false, help: false });
  });

  test('are whole numbers within bounds', () => {
    expect(readOptions(['--rounds', '7', '--json'], numbers)).toMatchObject({
      numbers: { rounds: 7 },
      json: true,
    });
    expect(() => readOptions(['--rounds', '11'], numbers)).toThrow('from 1 to 10, not "11"');
    expect(() => readOptions(['--rounds', 'many'], numbers)).toThrow('--rounds is a whole number');
    expect(() => readOptions(['--turns', '7'], numbers)).toThrow("Unknown option '--turns'");
  });
});
