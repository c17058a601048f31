import { describe, expect, test } from 'vitest';
import { loadTable, startTable } from '../../bench/api/api-report.ts';
import type { Measurement, ServerMeasurements } from '../../bench/comparison.ts';
import { quantile, summarize } from '../../bench/laboratory/statistics.ts';
import { describeOptions, oneOf, readOptions, wholeNumber } from '../../bench/options.ts';
import { measurementTable, ratioLines, ratiosOf, ratiosTo, table } from '../../bench/report.ts';

function round(requestsPerSecond: number, cpuMicrosecondsPerRequest: number): Measurement {
  return {
    requests: requestsPerSecond,
    requestsPerSecond,
    latency: { p50Ms: 0.5, p90Ms: 0.9, p99Ms: 2 },
    generatorShare: 0.2,
    cpuMicrosecondsPerRequest,
    residentBytes: 100 * 1024 * 1024,
  };
}

function withDatabase(round: Measurement, databaseCpuMicrosecondsPerRequest: number): Measurement {
  return { ...round, databaseCpuMicrosecondsPerRequest, proportionalBytes: 90 * 1024 * 1024 };
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

  test('compare each server with the one of a name, the CPU time of their database included', () => {
    const ours = { ...OURS, rounds: OURS.rounds.map((one) => withDatabase(one, 10)) };
    const other = { ...OTHER, rounds: OTHER.rounds.map((one) => withDatabase(one, 40)) };
    expect(ratiosTo('other', [ours, other])).toEqual([
      { ...ratiosOf([OURS, OTHER])[0], databaseCpuPerRequest: { median: 0.25, least: 0.25, most: 0.25 } },
    ]);
    expect(ratiosTo('absent', [ours, other])).toEqual([]);
  });
});

describe('the tables of the API', () => {
  test('show the ratios beside the values, and how many cores each process took', () => {
    const ours = { ...OURS, rounds: OURS.rounds.map((one) => withDatabase(one, 10)) };
    const other = { ...OTHER, rounds: OTHER.rounds.map((one) => withDatabase(one, 40)) };
    const rows = loadTable([ours, other], ratiosTo('other', [ours, other])).split('\n');
    expect(rows[1]).toMatch(
      /^ours +2,000 ±188 % +2\.00 +0\.50 +2\.00 +5 +0\.50 +10 +0\.25 +90 +0\.20 +0\.01 +0\.02$/,
    );
    expect(rows[2]).toMatch(/^other +1,000 ±100 % +- +0\.50 +2\.00 +10 +- +40 +- +90 +0\.20 +0\.01 +0\.04$/);
  });

  test('show what a start takes', () => {
    const start = { name: 'ours', firstAnswerMs: 1234, residentBytes: 2 ** 20, proportionalBytes: 2 ** 21 };
    expect(startTable([start])).toMatch(/\nours +1\.23 +2$/);
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
    expect(readOptions([], numbers)).toEqual({
      numbers: { rounds: 5 },
      lists: {},
      json: false,
      help: false,
    });
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

  test('are lists of numbers or of words', () => {
    const lists = {
      connections: { fallback: [64], read: wholeNumber(1, 100), about: 'connections' },
      arms: { fallback: ['one'], read: oneOf(['one', 'other']), about: 'servers' },
    };
    const read = (...parameters: string[]) => readOptions(parameters, numbers, lists).lists;
    expect(read()).toEqual({ connections: [64], arms: ['one'] });
    expect(read('--connections', '8,64', '--arms', 'other')).toEqual({
      connections: [8, 64],
      arms: ['other'],
    });
    expect(() => read('--connections', '8,')).toThrow(
      '--connections is a whole number from 1 to 100, not ""',
    );
    expect(() => read('--arms', 'third')).toThrow('--arms is of one, other, not "third"');
    expect(describeOptions(numbers, lists)).toContain('--connections  connections (64)');
  });
});
