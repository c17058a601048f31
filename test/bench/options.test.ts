import { describe, expect, test } from 'vitest';
import { quantile, summarize } from '../../bench/laboratory/statistics.ts';
import { describeOptions, oneOf, readOptions, wholeNumber } from '../../bench/options.ts';
import { table } from '../../bench/table.ts';

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

describe('a table', () => {
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
