/**
 * Random BSON values for property tests. Each type has few different values, so that equal and neighbouring
 * values are frequent, and the difficult ones are among them.
 */
import fc from 'fast-check';
import {
  Binary,
  BSONRegExp,
  type BsonDocument,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  type Value,
} from '../../../src/embedded-mongodb/bson/value.ts';

const INTERESTING_INTEGERS = [
  0n,
  1n,
  -1n,
  255n,
  2n ** 31n - 1n,
  -(2n ** 31n),
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

export const int32s = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer()).map((n) => new Int32(n));
export const longs = fc
  .oneof(fc.constantFrom(...INTERESTING_INTEGERS), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
  .map((n) => Long.fromBigInt(n));
export const doubles = fc
  .oneof(
    fc.double(),
    fc.constantFrom(0, -0, 0.1, 1.5, -1.5, 2 ** 53, 2 ** 63, Number.NaN, Infinity, -Infinity),
  )
  .map((n) => new Double(n));
export const decimals = fc
  .oneof(
    fc.constantFrom('0', '-0', '0.1', '1.50', '1E+400', '2E+400', '1E-400', '-1E-400', '9007199254740993'),
    fc.constantFrom('NaN', 'Infinity', '-Infinity', '0.1000000000000000055511151231257827', '1E-6176'),
    fc
      .tuple(
        fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }),
        fc.integer({ min: -6000, max: 6000 }),
      )
      .map(([coefficient, exponent]) => `${coefficient}E${exponent}`),
  )
  .map((text) => Decimal128.fromString(text));
export const numbers = fc.oneof(int32s, longs, doubles, decimals);

export const strings = fc.oneof(
  fc.constantFrom('', 'a', 'a\0', 'a\0b', 'ab', 'b', 'ÿ', '\u{ffff}', '\u{10000}', '\u{10ffff}'),
  fc.string({ unit: 'binary', maxLength: 5 }).map((text) => text.toWellFormed()),
);

const binaries = fc
  .tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(0, 5, 128))
  .map(([bytes, subtype]) => new Binary(bytes, subtype));
const objectIds = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes));
const endingInFF = fc.constant(new ObjectId('ffffffffffffffffffffffff'));
export const dates = fc
  .oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -8.64e15, max: 8.64e15 }))
  .map((time) => new Date(time));
const expressions = fc
  .tuple(fc.constantFrom('a', 'ab', 'b'), fc.constantFrom('', 'i'))
  .map(([pattern, options]) => new BSONRegExp(pattern, options));

export const scalars: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: numbers, weight: 4 },
  { arbitrary: strings, weight: 3 },
  fc.constant(null),
  fc.boolean(),
  objectIds,
  endingInFF,
  dates,
  binaries,
  expressions,
  fc.tuple(fc.nat(3), fc.nat(3)).map(([t, i]) => new Timestamp({ t, i })),
  fc.constantFrom(new MinKey(), new MaxKey()),
);

export const values: fc.Arbitrary<Value> = fc.letrec<{
  value: Value;
  array: Value[];
  document: BsonDocument;
}>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalars, tie('array'), tie('document')),
  array: fc.array(tie('value'), { maxLength: 3 }),
  document: fc.dictionary(fc.constantFrom('a', 'b', 'ab', ''), tie('value'), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
})).value;
