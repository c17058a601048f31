/** The evaluation operators of a filter: $regex with $options, and $mod. */

import { equalValues } from '../bson/compare.ts';
import {
  BSONRegExp,
  BSONSymbol,
  type BsonDocument,
  isNumber,
  Long,
  toNumber,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { anyValue, type FoundPredicate } from './predicate.ts';
import { compileRegularExpression } from './regular-expression/compile.ts';
/** @param literal the expression itself, which also matches an equal one that is stored as a value */
export function regularExpressionPredicate(
  pattern: string,
  options: string,
  literal?: BSONRegExp,
): FoundPredicate {
  const expression = compileRegularExpression(pattern, options);
  return anyValue((value) => {
    if (typeof value === 'string') return expression.test(value);
    if (value instanceof BSONSymbol) return expression.test(value.value);
    return literal !== undefined && value instanceof BSONRegExp && equalValues(value, literal);
  }, false);
}

export function compileRegex(operand: Value, siblings: BsonDocument): FoundPredicate {
  const options = siblings['$options'];
  if (options !== undefined && typeof options !== 'string')
    throw new CommandError('BadValue', '$options has to be a string');
  if (operand instanceof BSONRegExp) {
    if (options !== undefined && operand.options !== '')
      throw new CommandError('RegexOptionsTwice', 'options set in both $regex and $options');
    return regularExpressionPredicate(operand.pattern, options ?? operand.options);
  }
  if (typeof operand !== 'string') throw new CommandError('BadValue', '$regex has to be a string');
  return regularExpressionPredicate(operand, options ?? '');
}

export function compileOptions(siblings: BsonDocument): undefined {
  if (!Object.hasOwn(siblings, '$regex')) throw new CommandError('BadValue', '$options needs a $regex');
  return undefined;
}

export function compileMod(operand: Value): FoundPredicate {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', 'malformed mod, needs to be an array');
  if (operand.length !== 2) throw new CommandError('BadValue', 'malformed mod, wrong number of elements');
  const divisor = integerPart(operand[0]);
  const remainder = integerPart(operand[1]);
  if (divisor === undefined) throw new CommandError('BadValue', 'malformed mod, divisor not a number');
  if (divisor === 0n) throw new CommandError('BadValue', 'divisor cannot be 0');
  if (remainder === undefined) throw new CommandError('BadValue', 'malformed mod, remainder not a number');
  return anyValue((value) => {
    const dividend = integerPart(value);
    return dividend !== undefined && dividend % divisor === remainder;
  }, false);
}

/** Truncates fractions, as MongoDB does. Undefined for what is not a finite number. */
function integerPart(value: Value): bigint | undefined {
  if (value instanceof Long && isNumber(value)) return value.toBigInt();
  const number = Math.trunc(toNumber(value));
  return Number.isFinite(number) ? BigInt(number) : undefined;
}
