/**
 * The comparison operators of a filter: $eq, $ne, $gt, $gte, $lt, $lte, $in and $nin. As in MongoDB, a
 * comparison also looks at the elements of an array, stays within one type, and treats the number types as
 * one.
 */

import { compareValues, equalValues, TypeRank, typeRank } from '../bson/compare.ts';
import { BSONRegExp, isNullish, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { identityOf } from '../storage/keys/key.ts';
import { regularExpressionPredicate } from './evaluation.ts';
import { isOperatorDocument } from './operator-document.ts';
import { anyValue, type FoundPredicate, not } from './predicate.ts';

/** From this many values on, `$in` and `$all` look values up by key instead of comparing one by one. */
export const LOOKUP_THRESHOLD = 8;

export function equalsPredicate(operand: Value): FoundPredicate {
  if (isNullish(operand)) return anyValue((value) => isNullish(value), true);
  return anyValue((value) => equalValues(value, operand), false);
}

export function comparison(
  operand: Value,
  accepts: (order: number) => boolean,
  inclusive: boolean,
): FoundPredicate {
  if (isNullish(operand)) return inclusive ? equalsPredicate(null) : () => false;
  refuseRegularExpression('a comparison', operand);
  const rank = typeRank(operand);
  if (rank === TypeRank.number && Number.isNaN(toNumber(operand)))
    return inclusive ? equalsPredicate(operand) : () => false;
  if (rank === TypeRank.minKey || rank === TypeRank.maxKey) {
    return anyValue((value) => accepts(compareValues(value, operand)), accepts(compareValues(null, operand)));
  }
  return anyValue((value) => {
    if (typeRank(value) !== rank) return false;
    // NaN equals itself, but is neither less nor greater than any other number.
    if (rank === TypeRank.number && Number.isNaN(toNumber(value))) return false;
    return accepts(compareValues(value, operand));
  }, false);
}

export function compileIn(name: string, operand: Value): FoundPredicate {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', `${name} needs an array`);
  if (operand.some(isOperatorDocument)) throw new CommandError('BadValue', `cannot nest $ under ${name}`);
  const tests = operand
    .filter((value) => value instanceof BSONRegExp)
    .map((value) => regularExpressionPredicate(value.pattern, value.options, value));
  const values = operand.filter((value) => !(value instanceof BSONRegExp));
  if (values.length > 0) tests.push(values.length < LOOKUP_THRESHOLD ? oneOf(values) : oneOfMany(values));
  return (found) => tests.some((test) => test(found));
}

function oneOf(values: readonly Value[]): FoundPredicate {
  const tests = values.map(equalsPredicate);
  return (found) => tests.some((test) => test(found));
}

/**
 * Two index keys are equal exactly if their values are, so a set of keys turns a long list into one look-up.
 */
function oneOfMany(values: readonly Value[]): FoundPredicate {
  let keys: ReadonlySet<string> | undefined;
  const includes = (value: Value): boolean => {
    // Made when it is needed, because an index often tests the list instead.
    keys ??= new Set(values.map(identityOf));
    return keys.has(identityOf(value));
  };
  return anyValue(includes, values.some(isNullish));
}

export function compileNotEqual(operand: Value): FoundPredicate {
  return not(equalsPredicate(refuseRegularExpression('$ne', operand)));
}

function refuseRegularExpression(name: string, operand: Value): Value {
  if (operand instanceof BSONRegExp)
    throw new CommandError('BadValue', `Can't have regex as arg to ${name}.`);
  return operand;
}
