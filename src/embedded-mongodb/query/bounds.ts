/**
 * Turns the conditions on one field into ranges of index keys. The ranges may be too wide, because the filter
 * is checked again on every document that a scan finds. They must never be too narrow.
 */
import { compareValues, TypeRank, typeRank } from '../bson/compare.ts';
import { BSONRegExp, type BsonDocument, isNullish, toNumber, type Value } from '../bson/value.ts';
import { isOperatorDocument } from '../filter/operator-document.ts';
import { literalPrefix } from '../filter/regular-expression.ts';
import { encodeValue } from '../storage/keys/key.ts';
import { type KeyRange, keysBeginningWith } from '../storage/keys/key-range.ts';
import { TEXT_END_BYTES } from '../storage/keys/key-writer.ts';

export interface FieldBounds {
  /** Disjoint, in ascending order. */
  readonly ranges: readonly KeyRange[];
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
  const points = found
    .filter((bounds) => bounds.points)
    .toSorted((a, b) => a.ranges.length - b.ranges.length);
  const [fewest] = points;
  if (fewest !== undefined) return { ...fewest, exact: fewest.exact && isSingle(conditions) };
  const [first, ...others] = found;
  if (first === undefined || multikey) return first;
  return others.reduce(intersect, first);
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
  const sorted = values.toSorted(compareValues);
  const distinct = sorted.filter(
    (value, index) => index === 0 || compareValues(value, sorted[index - 1]) !== 0,
  );
  // The key of null also stands for a missing field, and a path through arrays may lead to both.
  const exact = !distinct.some(isNullish);
  return [{ ranges: distinct.map(pointRange), single: distinct.length === 1, points: true, exact }];
}

function pointRange(value: Value): KeyRange {
  return keysBeginningWith(encodeValue(value));
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
  const point = pointRange(operand);
  const start = Uint8Array.of(rank);
  const end = Uint8Array.of(rank + 1);
  if (operator === '$gt') return [oneRange(point.high, end)];
  if (operator === '$gte') return [oneRange(point.low, end)];
  if (operator === '$lt') return [oneRange(start, point.low)];
  return [oneRange(start, point.high)];
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
  // Without its end mark, the key is the beginning of the keys of all longer strings.
  const strings = keysBeginningWith(encodeValue(prefix).subarray(0, -TEXT_END_BYTES));
  const expressions = {
    low: Uint8Array.of(TypeRank.regularExpression),
    high: Uint8Array.of(TypeRank.regularExpression + 1),
  };
  return [{ ranges: [strings, expressions], single: false, points: false, exact: false }];
}

function oneRange(low: Uint8Array, high: Uint8Array): FieldBounds {
  return { ranges: [{ low, high }], single: false, points: false, exact: false };
}

function intersect(left: FieldBounds, right: FieldBounds): FieldBounds {
  const ranges: KeyRange[] = [];
  for (const a of left.ranges) {
    for (const b of right.ranges) {
      const low = Buffer.compare(a.low, b.low) >= 0 ? a.low : b.low;
      const high = Buffer.compare(a.high, b.high) <= 0 ? a.high : b.high;
      if (Buffer.compare(low, high) < 0) ranges.push({ low, high });
    }
  }
  return { ranges, single: false, points: false, exact: false };
}
