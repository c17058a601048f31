/**
 * Turns the conditions on one field into ranges of index keys. The ranges may be too wide, because the filter
 * is checked again on every document that a scan finds. They must never be too narrow.
 */
import { TypeRank, typeRank } from '../bson/compare.ts';
import { BSONRegExp, type BsonDocument, isNullish, toNumber, type Value } from '../bson/value.ts';
import { isOperatorDocument } from '../filter/operator-document.ts';
import { literalPrefix } from '../filter/regular-expression/compile.ts';
import { encodeValue } from '../storage/keys/key.ts';
import { compareKeys, type KeyRange, keysBeginningWith } from '../storage/keys/key-range.ts';
import { TEXT_END_BYTES } from '../storage/keys/key-writer.ts';

export interface FieldBounds {
  /** How many ranges there are at most. */
  readonly count: number;
  /** Disjoint, in ascending order. Only the ranges of the index that is chosen are made. */
  ranges(): readonly KeyRange[];
  /** Exactly one value, so that the index still gives the order of the fields after this one. */
  readonly single: boolean;
  /** Each range is one value, so that the next field of a compound index can be bounded too. */
  readonly points: boolean;
  /** The conditions hold for every document with a key in the ranges. */
  readonly exact: boolean;
}

/**
 * @param multikey uses one condition only, because different elements of an array may satisfy different
 * conditions
 * @param nullAllowed whether a document without the field has a null key, so that null can be bounded
 * @returns undefined if the conditions bound nothing
 */
export function fieldBounds(
  conditions: readonly Value[] | undefined,
  multikey: boolean,
  nullAllowed: boolean,
): FieldBounds | undefined {
  if (conditions === undefined) return undefined;
  const found = conditions.flatMap((condition) => conditionBounds(condition, nullAllowed));
  const points = fewestPoints(found);
  if (points !== undefined) return isSingle(conditions) ? points : { ...points, exact: false };
  const [first, ...others] = found;
  if (first === undefined || multikey) return first;
  return others.reduce(intersect, first);
}

function fewestPoints(found: readonly FieldBounds[]): FieldBounds | undefined {
  let fewest: FieldBounds | undefined;
  for (const bounds of found) {
    if (bounds.points && bounds.count < (fewest?.count ?? Infinity)) fewest = bounds;
  }
  return fewest;
}

/** One condition with one operator, so that its bounds stand for all that is asked of the field. */
function isSingle([condition, ...others]: readonly Value[]): boolean {
  return others.length === 0 && (!isOperatorDocument(condition) || Object.keys(condition).length === 1);
}

function conditionBounds(condition: Value, nullAllowed: boolean): FieldBounds[] {
  if (condition instanceof BSONRegExp) return prefixBounds(condition.pattern, condition.options);
  if (!isOperatorDocument(condition)) return pointBounds([condition], nullAllowed);
  return Object.keys(condition).flatMap((operator) => operatorBounds(operator, condition, nullAllowed));
}

function operatorBounds(operator: string, condition: BsonDocument, nullAllowed: boolean): FieldBounds[] {
  const operand = condition[operator];
  switch (operator) {
    case '$eq':
      return pointBounds([operand], nullAllowed);
    case '$in':
      return Array.isArray(operand) ? pointBounds(operand, nullAllowed) : [];
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return rangeBounds(operator, operand);
    case '$regex':
      return regexBounds(operand, condition['$options']);
    default:
      return [];
  }
}

function pointBounds(values: readonly Value[], nullAllowed: boolean): FieldBounds[] {
  // An array also matches a stored array as a whole, but the index has only the keys of its elements.
  const unusable = (value: Value): boolean =>
    Array.isArray(value) || value instanceof BSONRegExp || (isNullish(value) && !nullAllowed);
  if (values.some(unusable)) return [];
  return [
    {
      count: values.length,
      ranges: () => distinct(values.map(encodeValue)).map(keysBeginningWith),
      single: values.length === 1,
      points: true,
      // The key of null also stands for a missing field, and a path through arrays may lead to both.
      exact: !values.some(isNullish),
    },
  ];
}

/** In ascending order. Two values are equal exactly if their keys are. */
function distinct(keys: readonly Uint8Array[]): Uint8Array[] {
  let previous: Uint8Array | undefined;
  return keys.toSorted(compareKeys).filter((key) => {
    const isNew = previous === undefined || compareKeys(previous, key) !== 0;
    previous = key;
    return isNew;
  });
}

const RANGE_TYPES: ReadonlySet<number> = new Set([
  TypeRank.number,
  TypeRank.string,
  TypeRank.objectId,
  TypeRank.date,
  TypeRank.boolean,
  TypeRank.timestamp,
  TypeRank.binary,
]);

/** A comparison finds only values of its operand's type. */
function rangeBounds(operator: string, operand: Value): FieldBounds[] {
  const rank = typeRank(operand);
  if (!RANGE_TYPES.has(rank) || (rank === TypeRank.number && Number.isNaN(toNumber(operand)))) return [];
  return [intervals(1, () => [comparedRange(operator, rank, keysBeginningWith(encodeValue(operand)))])];
}

function comparedRange(operator: string, rank: number, point: KeyRange): KeyRange {
  const start = Uint8Array.of(rank);
  const end = Uint8Array.of(rank + 1);
  if (operator === '$gt') return { low: point.high, high: end };
  if (operator === '$gte') return { low: point.low, high: end };
  if (operator === '$lt') return { low: start, high: point.low };
  return { low: start, high: point.high };
}

function regexBounds(operand: Value, options: Value): FieldBounds[] {
  if (operand instanceof BSONRegExp)
    return prefixBounds(operand.pattern, options === undefined ? operand.options : String(options));
  return typeof operand === 'string'
    ? prefixBounds(operand, options === undefined ? '' : String(options))
    : [];
}

/** `^abc` finds strings that begin with abc, and also an equal expression that is stored as a value. */
function prefixBounds(pattern: string, options: string): FieldBounds[] {
  const prefix = literalPrefix(pattern, options);
  if (prefix === undefined) return [];
  return [intervals(2, () => [stringsBeginningWith(prefix), ALL_EXPRESSIONS])];
}

/** Without its end mark, the key of a string is the beginning of the keys of all longer strings. */
function stringsBeginningWith(prefix: string): KeyRange {
  return keysBeginningWith(encodeValue(prefix).subarray(0, -TEXT_END_BYTES));
}

const ALL_EXPRESSIONS = keysBeginningWith(Uint8Array.of(TypeRank.regularExpression));

/** Bounds that are not points. */
function intervals(count: number, ranges: () => readonly KeyRange[]): FieldBounds {
  return { count, ranges, single: false, points: false, exact: false };
}

function intersect(left: FieldBounds, right: FieldBounds): FieldBounds {
  return intervals(left.count * right.count, () => {
    const rightRanges = right.ranges();
    return left.ranges().flatMap((a) => rightRanges.flatMap((b) => intersectRanges(a, b)));
  });
}

function intersectRanges(left: KeyRange, right: KeyRange): KeyRange[] {
  const low = compareKeys(left.low, right.low) >= 0 ? left.low : right.low;
  const high = compareKeys(left.high, right.high) <= 0 ? left.high : right.high;
  return compareKeys(low, high) < 0 ? [{ low, high }] : [];
}
