/**
 * MongoDB's order of all values: first by type, then by value. Numbers of different types compare by their
 * exact value. Index keys (storage/keys/key.ts) sort in the same order, and a property test compares the two.
 */
import { compareDecimals, exactValue } from './decimal.ts';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  type BsonDocument,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  type NumberValue,
  namesOf,
  ObjectId,
  Timestamp,
  textOf,
  type Value,
} from './value.ts';

/** The order of the types. Each number is also the first byte of an index key. 0 is reserved for "end". */
export const TypeRank = {
  minKey: 0x05,
  /** An empty array in an index. It sorts below null, as in MongoDB. */
  undefined: 0x06,
  null: 0x0a,
  number: 0x14,
  string: 0x3c,
  object: 0x46,
  array: 0x50,
  binary: 0x5a,
  objectId: 0x64,
  boolean: 0x6e,
  date: 0x78,
  timestamp: 0x82,
  regularExpression: 0x8c,
  code: 0x96,
  codeWithScope: 0x9b,
  maxKey: 0xf0,
} as const;

export function typeRank(value: Value): number {
  if (value === null || value === undefined) return TypeRank.null;
  if (typeof value === 'string') return TypeRank.string;
  if (typeof value === 'boolean') return TypeRank.boolean;
  if (Array.isArray(value)) return TypeRank.array;
  if (value instanceof Int32 || value instanceof Double) return TypeRank.number;
  if (value instanceof ObjectId) return TypeRank.objectId;
  if (value instanceof Date) return TypeRank.date;
  if (value instanceof Timestamp) return TypeRank.timestamp;
  if (value instanceof Long || value instanceof Decimal128) return TypeRank.number;
  if (value instanceof Binary) return TypeRank.binary;
  if (value instanceof BSONRegExp) return TypeRank.regularExpression;
  if (value instanceof BSONSymbol) return TypeRank.string;
  if (value instanceof Code) return value.scope ? TypeRank.codeWithScope : TypeRank.code;
  if (value instanceof MinKey) return TypeRank.minKey;
  if (value instanceof MaxKey) return TypeRank.maxKey;
  return TypeRank.object;
}

/** Negative, zero or positive. */
export function compareValues(left: Value, right: Value): number {
  const rank = typeRank(left);
  const difference = rank - typeRank(right);
  if (difference !== 0) return difference;
  switch (rank) {
    case TypeRank.number:
      return compareNumbers(left as NumberValue, right as NumberValue);
    case TypeRank.string:
      return compareStrings(textOf(left), textOf(right));
    case TypeRank.object:
      return compareDocuments(left as BsonDocument, right as BsonDocument);
    case TypeRank.array:
      return compareArrays(left as Value[], right as Value[]);
    case TypeRank.binary:
      return compareBinaries(left as Binary, right as Binary);
    case TypeRank.objectId:
      return compareBytes((left as ObjectId).id, (right as ObjectId).id);
    case TypeRank.boolean:
      return Number(left) - Number(right);
    case TypeRank.date:
      return (left as Date).getTime() - (right as Date).getTime();
    case TypeRank.timestamp:
      return compareBigInts((left as Timestamp).toBigInt(), (right as Timestamp).toBigInt());
    case TypeRank.regularExpression:
      return compareRegularExpressions(left as BSONRegExp, right as BSONRegExp);
    case TypeRank.code:
      return compareStrings((left as Code).code, (right as Code).code);
    case TypeRank.codeWithScope:
      return compareCodes(left as Code, right as Code);
    default:
      return 0;
  }
}

export function equalValues(left: Value, right: Value): boolean {
  // The most frequent comparison. Comparing the bytes would allocate them first.
  if (left instanceof ObjectId && right instanceof ObjectId) return left.equals(right);
  return compareValues(left, right) === 0;
}

/** NaN is the smallest number and equals itself. -0 equals 0. */
function compareNumbers(left: NumberValue, right: NumberValue): number {
  const plain = isPlain(left) && isPlain(right);
  const leftNumber = approximate(left);
  const rightNumber = approximate(right);
  if (Number.isNaN(leftNumber) || Number.isNaN(rightNumber)) {
    return Number(Number.isNaN(rightNumber)) - Number(Number.isNaN(leftNumber));
  }
  // Rounding to the nearest double keeps the order, so only equal doubles need the exact comparison.
  if (leftNumber < rightNumber) return -1;
  if (leftNumber > rightNumber) return 1;
  if (plain) return 0;
  return compareExactly(left, right);
}

function compareExactly(left: NumberValue, right: NumberValue): number {
  const leftExact = exactValue(left);
  const rightExact = exactValue(right);
  if (typeof leftExact === 'number') return typeof rightExact === 'number' ? 0 : Math.sign(leftExact);
  if (typeof rightExact === 'number') return -Math.sign(rightExact);
  return compareDecimals(leftExact, rightExact);
}

function isPlain(value: NumberValue): value is Int32 | Double {
  return value instanceof Int32 || value instanceof Double;
}

function approximate(value: NumberValue): number {
  if (value instanceof Int32 || value instanceof Double) return value.value;
  return value instanceof Long ? Number(value.toBigInt()) : Number(value.toString());
}

/** By code points, which is the order of UTF-8 bytes but not of UTF-16 units. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit !== rightUnit) return codePointRank(leftUnit) - codePointRank(rightUnit);
  }
  return left.length - right.length;
}

/** Surrogates encode code points above U+FFFF, so they sort after all other units. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function compareDocuments(left: BsonDocument, right: BsonDocument): number {
  const leftNames = namesOf(left);
  const rightNames = namesOf(right);
  const length = Math.min(leftNames.length, rightNames.length);
  for (let index = 0; index < length; index += 1) {
    const leftName = leftNames[index] ?? '';
    const rightName = rightNames[index] ?? '';
    const leftValue = left[leftName];
    const rightValue = right[rightName];
    // MongoDB compares the type of a field before its name.
    const order =
      typeRank(leftValue) - typeRank(rightValue) ||
      compareStrings(leftName, rightName) ||
      compareValues(leftValue, rightValue);
    if (order !== 0) return order;
  }
  return leftNames.length - rightNames.length;
}

function compareArrays(left: readonly Value[], right: readonly Value[]): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const order = compareValues(left[index], right[index]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareBinaries(left: Binary, right: Binary): number {
  return (
    left.position - right.position ||
    left.sub_type - right.sub_type ||
    compareBytes(left.value(), right.value())
  );
}

function compareRegularExpressions(left: BSONRegExp, right: BSONRegExp): number {
  return compareStrings(left.pattern, right.pattern) || compareStrings(left.options, right.options);
}

function compareCodes(left: Code, right: Code): number {
  return (
    compareStrings(left.code, right.code) ||
    compareDocuments((left.scope ?? {}) as BsonDocument, (right.scope ?? {}) as BsonDocument)
  );
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right);
}

function compareBigInts(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
