/**
 * Compiles the expressions of $group, $project and $addFields: field paths, literals, operators, and
 * documents and arrays of these. Operators are an allow-list.
 */

import { compareValues } from '../bson/compare.ts';
import { splitPath } from '../bson/path.ts';
import {
  type BsonDocument,
  Int32,
  isDocument,
  isNullish,
  isTruthy,
  setOwnValue,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

/** The value of an expression for a document. Undefined if a field path leads to no field. */
export type Expression = (document: BsonDocument) => Value;

const MAX_DEPTH = 50;
type OperatorCompiler = (operands: readonly Expression[]) => Expression;

const OPERATORS: ReadonlyMap<string, OperatorCompiler> = new Map<string, OperatorCompiler>([
  ['$eq', comparing((order) => order === 0)],
  ['$ne', comparing((order) => order !== 0)],
  ['$gt', comparing((order) => order > 0)],
  ['$gte', comparing((order) => order >= 0)],
  ['$lt', comparing((order) => order < 0)],
  ['$lte', comparing((order) => order <= 0)],
  [
    '$cond',
    ([condition, yes, no]) =>
      (document) =>
        (isTruthy(condition?.(document)) ? yes : no)?.(document),
  ],
  [
    '$ifNull',
    (operands) => (document) =>
      operands.map((operand) => operand(document)).find((value) => !isNullish(value)) ?? null,
  ],
  [
    '$size',
    ([operand]) =>
      (document) =>
        arraySize(operand?.(document)),
  ],
]);

export function compileExpression(specification: Value, depth = 0): Expression {
  if (depth > MAX_DEPTH) throw new CommandError('Overflow', 'an expression is nested too deeply');
  if (typeof specification === 'string' && specification.startsWith('$')) return compilePath(specification);
  if (Array.isArray(specification)) {
    const elements = specification.map((element) => compileExpression(element, depth + 1));
    return (document) => elements.map((element) => element(document) ?? null);
  }
  if (!isDocument(specification)) return () => specification;
  const [first, ...others] = Object.keys(specification);
  if (first?.startsWith('$') && others.length === 0)
    return compileOperator(first, specification[first], depth);
  if (first?.startsWith('$'))
    throw new CommandError('FailedToParse', 'an expression operator must be the only field of its document');
  const fields = Object.keys(specification).map((name) => ({
    name,
    value: compileExpression(specification[name], depth + 1),
  }));
  return (document) => {
    const result: BsonDocument = {};
    for (const { name, value } of fields) {
      const computed = value(document);
      if (computed !== undefined) setOwnValue(result, name, computed);
    }
    return result;
  };
}

function compileOperator(name: string, operand: Value, depth: number): Expression {
  if (name === '$literal') return () => operand;
  const compile = OPERATORS.get(name);
  if (compile === undefined)
    throw new CommandError('InvalidPipelineOperator', `Unrecognized expression '${name.slice(0, 100)}'`);
  return compile(operandsOf(name, operand).map((value) => compileExpression(value, depth + 1)));
}

const ARITY: ReadonlyMap<string, number> = new Map([
  ['$cond', 3],
  ['$size', 1],
]);

function operandsOf(name: string, operand: Value): readonly Value[] {
  const named =
    name === '$cond' && isDocument(operand) ? [operand['if'], operand['then'], operand['else']] : operand;
  const operands = Array.isArray(named) ? named : [named];
  const wanted = name === '$ifNull' ? Math.max(2, operands.length) : (ARITY.get(name) ?? 2);
  if (operands.length !== wanted || operands.includes(undefined)) {
    throw new CommandError('FailedToParse', `Expression ${name} takes exactly ${wanted} arguments`);
  }
  return operands;
}

function compilePath(reference: string): Expression {
  if (reference === '$$ROOT' || reference === '$$CURRENT') return (document) => document;
  if (reference.startsWith('$$'))
    throw new CommandError('BadValue', `Use of undefined variable: ${reference.slice(2, 100)}`);
  const path = splitPath(reference.slice(1));
  if (path.includes(''))
    throw new CommandError('FailedToParse', `FieldPath '${reference.slice(0, 100)}' has an empty part`);
  return (document) => follow(document, path, 0);
}

/**
 * Unlike in a filter, a number is a field name here, and an array gives the array of its documents' values.
 */
function follow(value: Value, path: readonly string[], depth: number): Value {
  const name = path[depth];
  if (name === undefined) return value;
  if (Array.isArray(value)) {
    return value
      .filter((element) => isDocument(element) || Array.isArray(element))
      .map((element) => follow(element, path, depth))
      .filter((element) => element !== undefined);
  }
  return isDocument(value) && Object.hasOwn(value, name) ? follow(value[name], path, depth + 1) : undefined;
}

function comparing(accepts: (order: number) => boolean): OperatorCompiler {
  return ([left, right]) =>
    (document) =>
      accepts(compareValues(left?.(document), right?.(document)));
}

function arraySize(value: Value): Value {
  if (Array.isArray(value)) return new Int32(value.length);
  throw new CommandError('BadValue', 'The argument to $size must be an array');
}
