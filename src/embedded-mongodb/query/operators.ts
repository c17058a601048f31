/**
 * The operators of a filter's conditions, each compiled to a test over what a path has led to. As in
 * MongoDB a comparison also looks at the elements of an array, compares within one type only, and does
 * so across the number types.
 */

import { compareValues, equalValues, TypeRank, typeRank } from '../bson/compare.ts';
import { MISSING } from '../bson/path.ts';
import {
  BSONRegExp,
  BSONSymbol,
  type BsonDocument,
  isDocument,
  isNullish,
  isNumber,
  Long,
  TYPE_ALIASES,
  toNumber,
  typeOf,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { identityOf } from '../storage/key.ts';
import { compileCondition, compileFilter, type FoundPredicate } from './filter.ts';
import { compileRegularExpression } from './regular-expression.ts';

type ValueTest = (value: Value) => boolean;
type OperatorCompiler = (operand: Value, siblings: BsonDocument, depth: number) => FoundPredicate | undefined;

/** From this many values on, `$in` looks up keys instead of comparing one by one. */
const LOOKUP_THRESHOLD = 8;

const OPERATORS: ReadonlyMap<string, OperatorCompiler> = new Map<string, OperatorCompiler>([
  ['$eq', (operand) => equalsPredicate(operand)],
  ['$ne', (operand) => not(equalsPredicate(refuseRegularExpression('$ne', operand)))],
  ['$gt', (operand) => comparison(operand, (order) => order > 0, false)],
  ['$gte', (operand) => comparison(operand, (order) => order >= 0, true)],
  ['$lt', (operand) => comparison(operand, (order) => order < 0, false)],
  ['$lte', (operand) => comparison(operand, (order) => order <= 0, true)],
  ['$in', (operand) => compileIn('$in', operand)],
  ['$nin', (operand) => not(compileIn('$nin', operand))],
  ['$exists', compileExists],
  ['$type', compileType],
  ['$not', compileNot],
  ['$regex', compileRegex],
  ['$options', compileOptions],
  ['$size', compileSize],
  ['$all', compileAll],
  ['$elemMatch', compileElemMatch],
  ['$mod', compileMod],
]);

export function compileOperator(
  name: string,
  condition: BsonDocument,
  depth: number,
): FoundPredicate | undefined {
  const compile = OPERATORS.get(name);
  if (compile === undefined) throw new CommandError('BadValue', `unknown operator: ${name}`);
  return compile(condition[name], condition, depth);
}

/** A document whose first name begins with "$" (a DBRef, which also does, is a class of its own). */
export function isOperatorDocument(value: Value): value is BsonDocument {
  if (!isDocument(value)) return false;
  const [first] = Object.keys(value);
  return first?.startsWith('$') === true;
}

export function equalsPredicate(operand: Value): FoundPredicate {
  if (isNullish(operand)) return anyValue((value) => isNullish(value), true);
  const rank = typeRank(operand);
  return anyValue((value) => typeRank(value) === rank && compareValues(value, operand) === 0, false);
}

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

/** True if the test holds for a found value or an element of a found array; `missing` answers for nothing. */
function anyValue(test: ValueTest, missing: boolean): FoundPredicate {
  return (found) => found.some((value) => (value === MISSING ? missing : holds(value, test)));
}

function holds(value: Value, test: ValueTest): boolean {
  if (test(value)) return true;
  return Array.isArray(value) && value.some(test);
}

function not(predicate: FoundPredicate): FoundPredicate {
  return (found) => !predicate(found);
}

function comparison(operand: Value, accepts: (order: number) => boolean, inclusive: boolean): FoundPredicate {
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
    // NaN is equal to itself and in no order with any other number.
    if (rank === TypeRank.number && Number.isNaN(toNumber(value))) return false;
    return accepts(compareValues(value, operand));
  }, false);
}

function compileIn(name: string, operand: Value): FoundPredicate {
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

/** Index keys are equal exactly where values are: a set of them makes a long list one look-up. */
function oneOfMany(values: readonly Value[]): FoundPredicate {
  const keys = new Set(values.map(identityOf));
  return anyValue((value) => keys.has(identityOf(value)), keys.has(identityOf(null)));
}

function compileExists(operand: Value): FoundPredicate {
  const wanted = isTruthy(operand);
  return (found) => found.some((value) => value !== MISSING) === wanted;
}

function isTruthy(value: Value): boolean {
  if (isNumber(value)) return toNumber(value) !== 0;
  return value !== false && !isNullish(value);
}

function compileType(operand: Value): FoundPredicate {
  const names = Array.isArray(operand) ? operand : [operand];
  if (names.length === 0) throw new CommandError('FailedToParse', '$type must match at least one type');
  const numbers = new Set(names.flatMap(typeNumbers));
  const matches = (value: Value): boolean => numbers.has(typeOf(value).number);
  return anyValue(matches, false);
}

function typeNumbers(name: Value): number[] {
  if (name === 'number') return [1, 16, 18, 19];
  if (typeof name === 'string') {
    const number = TYPE_ALIASES.get(name);
    if (number === undefined) throw new CommandError('BadValue', `Unknown type name alias: ${name}`);
    return [number];
  }
  if (!isNumber(name))
    throw new CommandError('TypeMismatch', 'type must be represented as a number or a string');
  const number = toNumber(name);
  if (![...TYPE_ALIASES.values()].includes(number))
    throw new CommandError('BadValue', `Invalid numerical type code: ${number}`);
  return [number];
}

function compileNot(operand: Value, _siblings: BsonDocument, depth: number): FoundPredicate {
  if (operand instanceof BSONRegExp) return not(compileCondition(operand, depth));
  if (!isDocument(operand)) throw new CommandError('BadValue', '$not needs a regex or a document');
  if (!isOperatorDocument(operand)) throw new CommandError('BadValue', '$not needs a document of operators');
  return not(compileCondition(operand, depth + 1));
}

function compileRegex(operand: Value, siblings: BsonDocument): FoundPredicate {
  const options = siblings['$options'];
  if (options !== undefined && typeof options !== 'string')
    throw new CommandError('BadValue', '$options has to be a string');
  if (operand instanceof BSONRegExp)
    return regularExpressionPredicate(operand.pattern, options ?? operand.options);
  if (typeof operand !== 'string') throw new CommandError('BadValue', '$regex has to be a string');
  return regularExpressionPredicate(operand, options ?? '');
}

function compileOptions(_operand: Value, siblings: BsonDocument): undefined {
  if (!Object.hasOwn(siblings, '$regex')) throw new CommandError('BadValue', '$options needs a $regex');
  return undefined;
}

function compileSize(operand: Value): FoundPredicate {
  const size = isNumber(operand) ? toNumber(operand) : Number.NaN;
  if (!Number.isInteger(size))
    throw new CommandError('FailedToParse', `Failed to parse $size. Expected an integer`);
  if (size < 0)
    throw new CommandError('FailedToParse', 'Failed to parse $size. Expected a non-negative number');
  return (found) => found.some((value) => Array.isArray(value) && value.length === size);
}

function compileAll(operand: Value, _siblings: BsonDocument, depth: number): FoundPredicate {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', '$all needs an array');
  if (operand.length === 0) return () => false;
  const tests = operand.map((value) => {
    if (!isOperatorDocument(value)) return compileCondition(value, depth + 1);
    const names = Object.keys(value);
    if (names.length !== 1 || names[0] !== '$elemMatch')
      throw new CommandError('BadValue', 'no $ expressions in $all');
    return compileCondition(value, depth + 1);
  });
  return (found) => tests.every((test) => test(found));
}

function compileElemMatch(operand: Value, _siblings: BsonDocument, depth: number): FoundPredicate {
  if (!isDocument(operand)) throw new CommandError('BadValue', '$elemMatch needs an Object');
  const matches = elementTest(operand, depth);
  return (found) => found.some((value) => Array.isArray(value) && value.some(matches));
}

const LOGICAL = new Set(['$and', '$or', '$nor']);

/** Conditions on the element itself, or a filter on elements that are documents. */
function elementTest(operand: BsonDocument, depth: number): ValueTest {
  const [first] = Object.keys(operand);
  if (first !== undefined && isOperatorDocument(operand) && !LOGICAL.has(first)) {
    const test = compileCondition(operand, depth + 1);
    return (element) => test([element]);
  }
  const filter = compileFilter(operand, depth + 1);
  return (element) => isDocument(element) && filter(element);
}

function compileMod(operand: Value): FoundPredicate {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', 'malformed mod, needs to be an array');
  if (operand.length !== 2) throw new CommandError('BadValue', 'malformed mod, wrong number of elements');
  const divisor = integerPart(operand[0]);
  const remainder = integerPart(operand[1]);
  if (divisor === undefined) throw new CommandError('BadValue', 'malformed mod, divisor is no number');
  if (divisor === 0n) throw new CommandError('BadValue', 'divisor cannot be 0');
  if (remainder === undefined) throw new CommandError('BadValue', 'malformed mod, remainder is no number');
  return anyValue((value) => {
    const dividend = integerPart(value);
    return dividend !== undefined && dividend % divisor === remainder;
  }, false);
}

/** Fractions are cut off, as MongoDB does. */
function integerPart(value: Value): bigint | undefined {
  if (value instanceof Long && isNumber(value)) return value.toBigInt();
  const number = Math.trunc(toNumber(value));
  return Number.isFinite(number) ? BigInt(number) : undefined;
}

function refuseRegularExpression(name: string, operand: Value): Value {
  if (operand instanceof BSONRegExp)
    throw new CommandError('BadValue', `Can't have regex as arg to ${name}.`);
  return operand;
}
