import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareValues } from '../../../src/embedded-mongodb/bson/compare.ts';
import { Decimal128, Double, Int32, Long, type Value } from '../../../src/embedded-mongodb/bson/value.ts';
import { encodeKey, encodeValue } from '../../../src/embedded-mongodb/storage/keys/key.ts';
import { successor } from '../../../src/embedded-mongodb/storage/keys/key-range.ts';
import { numbers, values } from '../support/arbitraries.ts';

const README = readFileSync(
  join(import.meta.dirname, '../../../src/embedded-mongodb/storage/README.md'),
  'utf8',
);
const RUNS = { numRuns: 3000 };

describe('index keys', () => {
  test('sort as MongoDB sorts their values', () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const keys = Math.sign(Buffer.compare(encodeValue(left), encodeValue(right)));
        expect(keys).toBe(Math.sign(compareValues(left, right)));
      }),
      RUNS,
    );
  });

  test('of numbers sort by value, whatever their types', () => {
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const keys = Math.sign(Buffer.compare(encodeValue(left), encodeValue(right)));
        expect(keys).toBe(Math.sign(compareValues(left, right)));
      }),
      RUNS,
    );
  });

  test('of several fields sort by one field after the other, each in its direction', () => {
    const tuples = fc.tuple(values, values, values);
    const directions = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(tuples, tuples, directions, (left, right, descending) => {
        const keys = Math.sign(Buffer.compare(encodeKey(left, descending), encodeKey(right, descending)));
        expect(keys).toBe(Math.sign(compareTuples(left, right, descending)));
      }),
      RUNS,
    );
  });

  test('are never the beginning of one another, so that they can be concatenated', () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const leftKey = encodeValue(left);
        const rightKey = encodeValue(right);
        fc.pre(Buffer.compare(leftKey, rightKey) !== 0);
        expect(Buffer.from(rightKey).subarray(0, leftKey.length).equals(leftKey)).toBe(false);
      }),
      RUNS,
    );
  });

  test('distinguish numbers that have the same nearest double', () => {
    const ascending: Value[] = [
      new Double(Number.NaN),
      new Double(-Infinity),
      Decimal128.fromString('-1E+400'),
      Long.fromBigInt(-(2n ** 53n) - 1n),
      new Double(-(2 ** 53)),
      Decimal128.fromString('-1E-400'),
      new Int32(0),
      Decimal128.fromString('1E-400'),
      Decimal128.fromString('0.1'),
      new Double(0.1),
      new Double(2 ** 53),
      Long.fromBigInt(2n ** 53n + 1n),
      Decimal128.fromString('9007199254740993.5'),
      Decimal128.fromString('1E+400'),
      Decimal128.fromString('2E+400'),
      new Double(Infinity),
    ];
    const keys = ascending.map(encodeValue);
    for (const [index, key] of keys.entries()) {
      const next = keys[index + 1];
      if (next !== undefined) expect(Buffer.compare(key, next), String(ascending[index])).toBeLessThan(0);
    }
  });

  test('are equal for equal numbers of different types', () => {
    const ones = [
      new Int32(1),
      Long.fromInt(1),
      new Double(1),
      Decimal128.fromString('1.0'),
      Decimal128.fromString('10E-1'),
    ];
    expect(new Set(ones.map((one) => Buffer.from(encodeValue(one)).toString('hex'))).size).toBe(1);
    expect(encodeValue(new Double(-0))).toEqual(encodeValue(new Int32(0)));
    expect(encodeValue(Decimal128.fromString('NaN'))).toEqual(encodeValue(new Double(Number.NaN)));
  });

  test('have a successor that sorts after all keys that begin with them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (prefix, rest) => {
        const above = successor(prefix);
        fc.pre(above !== undefined);
        expect(Buffer.compare(Buffer.concat([prefix, rest]), above ?? prefix)).toBeLessThan(0);
      }),
    );
    expect(successor(Uint8Array.of(0xff, 0xff))).toBeUndefined();
  });
});

test('the examples in the documentation of keys are what the code encodes', () => {
  const one = new Int32(1);
  const examples: [string, Uint8Array][] = [
    ['null', encodeValue(null)],
    ['1', encodeValue(one)],
    ['-1', encodeValue(new Int32(-1))],
    ['2^53 + 1', encodeValue(Long.fromBigInt(2n ** 53n + 1n))],
    ['0.1', encodeValue(new Double(0.1))],
    ['0.1', encodeValue(Decimal128.fromString('0.1'))],
    ['"ab"', encodeValue('ab')],
    ['"a\\0b"', encodeValue('a\0b')],
    ['[1, "a"]', encodeValue([one, 'a'])],
    ['{a: true}', encodeValue({ a: true })],
    ['"ab", 1', encodeKey(['ab', one], [false, true])],
  ];
  const rows = [...README.matchAll(/^\| `(.+?)`.*\| `((?:[0-9A-F]{2} ?)+)` \|$/gm)];
  expect(rows.map(([, value, key]) => [value, key])).toEqual(
    examples.map(([value, key]) => [
      value,
      Buffer.from(key)
        .toString('hex')
        .toUpperCase()
        .replace(/..(?=.)/g, '$& '),
    ]),
  );
});

function compareTuples(
  left: readonly Value[],
  right: readonly Value[],
  descending: readonly boolean[],
): number {
  for (const [index, value] of left.entries()) {
    const order = compareValues(value, right[index]);
    if (order !== 0) return descending[index] === true ? -order : order;
  }
  return 0;
}
