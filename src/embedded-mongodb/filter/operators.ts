/**
 * The operators that a filter's conditions may use. This is an allow-list: any other operator is refused.
 * Called by filter.ts, which passes in how to compile what is nested inside an operand.
 */
import { BSONRegExp, type BsonDocument, isDocument, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { compileAll, compileElemMatch, compileSize } from './array.ts';
import { comparison, compileIn, compileNotEqual, equalsPredicate } from './comparison.ts';
import { compileExists, compileType } from './element.ts';
import { compileMod, compileOptions, compileRegex } from './evaluation.ts';
import { isOperatorDocument } from './operator-document.ts';
import { type FoundPredicate, type NestedCompiler, not } from './predicate.ts';

/** @returns undefined for an operator that tests nothing by itself */
type OperatorCompiler = (
  operand: Value,
  nested: NestedCompiler,
  siblings: BsonDocument,
) => FoundPredicate | undefined;

const OPERATORS: ReadonlyMap<string, OperatorCompiler> = new Map<string, OperatorCompiler>([
  ['$eq', (operand) => equalsPredicate(operand)],
  ['$ne', (operand) => compileNotEqual(operand)],
  ['$gt', (operand) => comparison(operand, (order) => order > 0, false)],
  ['$gte', (operand) => comparison(operand, (order) => order >= 0, true)],
  ['$lt', (operand) => comparison(operand, (order) => order < 0, false)],
  ['$lte', (operand) => comparison(operand, (order) => order <= 0, true)],
  ['$in', (operand) => compileIn('$in', operand)],
  ['$nin', (operand) => not(compileIn('$nin', operand))],
  ['$exists', (operand) => compileExists(operand)],
  ['$type', compileType],
  ['$not', compileNot],
  ['$regex', (operand, _nested, siblings) => compileRegex(operand, siblings)],
  ['$options', (_operand, _nested, siblings) => compileOptions(siblings)],
  ['$size', compileSize],
  ['$all', compileAll],
  ['$elemMatch', compileElemMatch],
  ['$mod', compileMod],
]);

export function compileOperator(
  name: string,
  condition: BsonDocument,
  nested: NestedCompiler,
): FoundPredicate | undefined {
  const compile = OPERATORS.get(name);
  if (compile === undefined) throw new CommandError('BadValue', `unknown operator: ${name}`);
  return compile(condition[name], nested, condition);
}

function compileNot(operand: Value, nested: NestedCompiler): FoundPredicate {
  if (operand instanceof BSONRegExp) return not(nested.condition(operand));
  if (!isDocument(operand)) throw new CommandError('BadValue', '$not needs a regex or a document');
  if (!isOperatorDocument(operand)) throw new CommandError('BadValue', '$not needs a document of operators');
  return not(nested.condition(operand));
}
