import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Sum } from '../../../src/embedded-mongodb/aggregate/sum.ts';
import {
  Decimal128,
  Double,
  Int32,
  Long,
  type NumberValue,
  toNumber,
  type Value,
} from '../../../src/embedded-mongodb/bson/value.ts';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const doubles = (...numbers: number[]): Double[] => numbers.map((number) => new Double(number));

describe('$sum', () => {
  test.each<[Value[], string]>([
    [[], 'int 0'],
    [['x', null, undefined, ['x'], true], 'int 0'],
    [[new Int32(2 ** 31 - 1), new Int32(1)], 'long 2147483648'],
    [[new Int32(1), Long.fromInt(1)], 'long 2'],
    [[Long.MAX_VALUE, Long.MAX_VALUE], 'double 18446744073709552000'],
    [[Long.MAX_VALUE, new Int32(1), new Int32(-1)], 'long 9223372036854775807'],
    [[Long.MAX_VALUE, ...doubles(0)], 'double 9223372036854776000'],
    [[Long.fromBigInt(2n ** 53n + 1n), ...doubles(-(2 ** 53))], 'double 1'],
    [doubles(...Array<number>(10).fill(0.1)), 'double 1'],
    [doubles(1e16, 1, -1e16), 'double 1'],
    [doubles(Infinity, 1), 'double Infinity'],
    [doubles(Infinity, -Infinity), 'double NaN'],
    [doubles(1e308, 1e308), 'double Infinity'],
    [[decimal('0.10'), decimal('0.2')], 'decimal 0.30'],
    [
      [decimal('1234567890123456789012345678901234'), new Int32(1)],
      'decimal 1234567890123456789012345678901235',
    ],
    [[decimal('0.1'), ...doubles(0.5), new Int32(1)], 'decimal 1.6'],
    [[decimal('1'), ...doubles(Infinity)], 'decimal Infinity'],
    [[decimal('NaN'), new Int32(1)], 'decimal NaN'],
  ])('of %s is %s', (values, expected) => {
    expect(describeNumber(sumOf(values))).toBe(expected);
  });

  /** Multiples of 2^-20 that a double holds exactly. */
  const exact = fc
    .tuple(fc.integer(), fc.integer({ min: 0, max: 20 }))
    .map(([n, halvings]) => n / 2 ** halvings);
  const longs = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

  test('of integers is exact, and a double only beyond 64 bits', () => {
    fc.assert(
      fc.property(fc.array(longs), (summands) => {
        const total = summands.reduce((sum, summand) => sum + summand, 0n);
        const result = sumOf(summands.map((summand) => Long.fromBigInt(summand)));
        if (BigInt.asIntN(64, total) !== total) expect(result).toEqual(new Double(Number(total)));
        else if (summands.length > 0) expect(result).toEqual(Long.fromBigInt(total));
      }),
    );
  });

  test('of doubles and integers is the double next to the exact sum, in any order', () => {
    fc.assert(
      fc.property(fc.array(exact, { minLength: 1 }), fc.array(longs), (fractions, integers) => {
        const scaled = fractions.reduce((sum, fraction) => sum + BigInt(fraction * 2 ** 20), 0n);
        const total = integers.reduce((sum, integer) => sum + (integer << 20n), scaled);
        const summands = [...fractions.map((n) => new Double(n)), ...integers.map((n) => Long.fromBigInt(n))];
        expect(toNumber(sumOf(summands)) + 0).toBe(Number(total) / 2 ** 20 + 0);
        expect(sumOf(summands.toReversed())).toEqual(sumOf(summands));
      }),
    );
  });
});

function sumOf(values: readonly Value[]): NumberValue {
  const sum = new Sum();
  for (const value of values) sum.add(value);
  return sum.result();
}

function describeNumber(value: NumberValue): string {
  if (value instanceof Int32) return `int ${value.value}`;
  if (value instanceof Long) return `long ${value}`;
  return value instanceof Double ? `double ${value.value}` : `decimal ${value}`;
}
