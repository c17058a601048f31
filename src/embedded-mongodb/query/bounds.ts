/**
 * What a filter says about one field, as ranges of index-key bytes. Only what can be read off safely is
 * used; the filter itself is checked again on every document that a scan finds.
 */
import { compareValues, TypeRank, typeRank } from '../bson/compare.ts';
import { BSONRegExp, type BsonDocument, isDocument, isNullish, toNumber, type Value } from '../bson/value.ts';
import { encodeValue, successor } from '../storage/key.ts';
import { isOperatorDocument } from './operators.ts';
import { literalPrefix } from './regular-expression.ts';

/** Keys from `low` up to, not including, `high`. */
export interface KeyRange {
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

export interface FieldBounds {
  /** Disjoint, in ascending order. */
  readonly ranges: readonly KeyRange[];
  /** Exactly one value: a sort may go on behind this field. */
  readonly single: boolean;
  /** Each range is one value, so that further fields of a compound index can be bounded too. */
  readonly points: boolean;
}

/** All conditions that must hold at once, by path; `$and` is flattened. */
export type Conjunction = ReadonlyMap<string, readonly Value[]>;

export function conjunctionOf(filter: BsonDocument): Conjunction {
  const conditions = new Map<string, Value[]>();
  collectConditions(filter, conditions);
  return conditions;
}

function collectConditions(filter: BsonDocument, conditions: Map<string, Value[]>): void {
  for (const name of Object.keys(filter)) {
    const operand = filter[name];
    if (name === '$and' && Array.isArray(operand)) {
      for (const branch of operand) if (isDocument(branch)) collectConditions(branch, conditions);
    } else if (!name.startsWith('$')) {
      const known = conditions.get(name);
      if (known === undefined) conditions.set(name, [operand]);
      else known.push(operand);
    }
  }
}

/** No key is greater: a descending MinKey begins with FA. */
export const END_OF_KEYS = Uint8Array.of(0xff);

/**
 * @param multikey different elements of an array may satisfy different conditions: only one may be used
 * @returns undefined where the conditions bound nothing
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
  if (points[0] !== undefined) return points[0];
  const [first, ...others] = found;
  if (first === undefined || multikey) return first;
  return others.reduce(intersect, first);
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
  // An array equals a whole array as well as an element: its keys say nothing about the former.
  const unusable = (value: Value): boolean =>
    Array.isArray(value) || value instanceof BSONRegExp || (isNullish(value) && !nullAllowed);
  if (values.some(unusable)) return [];
  const sorted = values.toSorted(compareValues);
  const distinct = sorted.filter(
    (value, index) => index === 0 || compareValues(value, sorted[index - 1]) !== 0,
  );
  return [{ ranges: distinct.map(pointRange), single: distinct.length === 1, points: true }];
}

function pointRange(value: Value): KeyRange {
  const low = encodeValue(value);
  return { low, high: successor(low) ?? END_OF_KEYS };
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

/** A comparison stays within the type of its operand. */
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

/** `^abc` finds strings that begin with abc, and itself where it is stored as a value: both are needed. */
function prefixBounds(pattern: string, options: string): FieldBounds[] {
  const prefix = literalPrefix(pattern, options);
  if (prefix === undefined) return [];
  // Without the end mark of two bytes the key is a prefix of all longer strings.
  const low = encodeValue(prefix).subarray(0, -2);
  const strings = { low, high: successor(low) ?? END_OF_KEYS };
  const expressions = {
    low: Uint8Array.of(TypeRank.regularExpression),
    high: Uint8Array.of(TypeRank.regularExpression + 1),
  };
  return [{ ranges: [strings, expressions], single: false, points: false }];
}

function oneRange(low: Uint8Array, high: Uint8Array): FieldBounds {
  return { ranges: [{ low, high }], single: false, points: false };
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
  return { ranges, single: false, points: false };
}
