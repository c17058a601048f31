/**
 * Compiles a MongoDB filter to a predicate over documents. Operators are an allow-list: any other is refused
 * with MongoDB's code, and nothing that a client sends is ever run as a script. Used by every command that
 * looks for documents, by partial indexes and by `$pull`.
 */

import { type Path, splitPath, valuesAt } from '../bson/path.ts';
import { isReferenceField } from '../bson/reference.ts';
import { BSONRegExp, type BsonDocument, isDocument, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { equalsPredicate } from './comparison.ts';
import { regularExpressionPredicate } from './evaluation.ts';
import { isOperatorDocument } from './operator-document.ts';
import { compileOperator } from './operators.ts';
import { allOf, anyOf, type FoundPredicate, type NestedCompiler, type Predicate } from './predicate.ts';

const MAX_FILTER_DEPTH = 100;
const REFUSED = new Map([
  ['$where', '$where is not supported by the embedded database: it runs no scripts'],
  ['$expr', '$expr is not supported by the embedded database'],
  ['$text', '$text is not supported by the embedded database: it has no text indexes'],
  ['$jsonSchema', '$jsonSchema is not supported by the embedded database'],
]);

/** @throws CommandError for an operator that is unknown, refused or has a wrong operand */
export function compileFilter(filter: BsonDocument, depth = 0): Predicate {
  if (depth > MAX_FILTER_DEPTH) throw new CommandError('BadValue', 'the filter is nested too deeply');
  const predicates = Object.keys(filter).map((name) => compileTopLevel(name, filter[name], depth));
  return allOf(predicates.filter((predicate) => predicate !== undefined));
}

/**
 * Compiles one entry of a filter: a path with its condition, or a logical operator.
 * @returns undefined for one that tests nothing
 */
export function compileTopLevel(name: string, operand: Value, depth: number): Predicate | undefined {
  if (!name.startsWith('$') || isReferenceField(name)) return compileField(splitPath(name), operand, depth);
  if (name === '$comment') return undefined;
  if (name === '$and') return allOf(compileBranches(name, operand, depth));
  if (name === '$or') return anyOf(compileBranches(name, operand, depth));
  if (name === '$nor') {
    const matchesAny = anyOf(compileBranches(name, operand, depth));
    return (document) => !matchesAny(document);
  }
  throw new CommandError('BadValue', REFUSED.get(name) ?? `unknown top level operator: ${name}`);
}

function compileBranches(name: string, operand: Value, depth: number): Predicate[] {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', `${name} must be an array`);
  if (operand.length === 0) throw new CommandError('BadValue', '$and/$or/$nor must be a nonempty array');
  return operand.map((branch) => {
    if (!isDocument(branch))
      throw new CommandError('BadValue', '$or/$and/$nor entries need to be full objects');
    return compileFilter(branch, depth + 1);
  });
}

function compileField(path: Path, condition: Value, depth: number): Predicate {
  const test = compileCondition(condition, depth);
  return (document) => test(valuesAt(document, path));
}

/** Compiles what is right of a field's name: a document of operators, a regular expression or a value. */
export function compileCondition(condition: Value, depth: number): FoundPredicate {
  if (condition instanceof BSONRegExp)
    return regularExpressionPredicate(condition.pattern, condition.options, condition);
  if (!isOperatorDocument(condition)) return equalsPredicate(condition);
  const nested = compilerAt(depth + 1);
  const tests = Object.keys(condition).map((operator) => compileOperator(operator, condition, nested));
  const applicable = tests.filter((test) => test !== undefined);
  const [first] = applicable;
  if (first !== undefined && applicable.length === 1) return first;
  return (found) => applicable.every((test) => test(found));
}

/** Compiles what is nested that deep in a filter or an update. */
export function compilerAt(depth: number): NestedCompiler {
  return {
    condition: (condition) => compileCondition(condition, depth),
    filter: (filter) => compileFilter(filter, depth),
  };
}
