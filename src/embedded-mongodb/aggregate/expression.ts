/**
 * Compiles the expressions of $group: paths of fields such as `'$a.b'`, constants, and documents of these.
 * Operators, variables and arrays are refused.
 */

import { splitPath } from '../bson/path.ts';
import { type BsonDocument, isDocument, namesOf, setOwnValue, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

/** The value of an expression for a document. Undefined if a path leads to no field. */
export type Expression = (document: BsonDocument) => Value;

/** @throws CommandError for an expression that is malformed or unsupported */
export function compileExpression(specification: Value): Expression {
  if (typeof specification === 'string' && specification.startsWith('$')) return compilePath(specification);
  if (Array.isArray(specification)) throw unsupported('expression of an array');
  return isDocument(specification) ? compileDocument(specification) : () => specification;
}

function compileDocument(specification: BsonDocument): Expression {
  const fields = namesOf(specification).map((name) => {
    assertFieldName(name);
    return { name, value: compileExpression(specification[name]) };
  });
  return (document) => {
    const result: BsonDocument = {};
    for (const { name, value } of fields) {
      const computed = value(document);
      if (computed !== undefined) setOwnValue(result, name, computed);
    }
    return result;
  };
}

function assertFieldName(name: string): void {
  if (name.startsWith('$')) throw unsupported(`expression ${name}`);
  if (name === '' || name.includes('.'))
    throw new CommandError('FailedToParse', `The field name '${name}' is empty or contains '.'`);
}

function compilePath(reference: string): Expression {
  if (reference.startsWith('$$')) throw unsupported(`variable ${reference}`);
  const path = splitPath(reference.slice(1));
  if (path.some((part) => part === '' || part.startsWith('$')))
    throw new CommandError('FailedToParse', `'${reference.slice(0, 100)}' is not a valid FieldPath`);
  return (document) => follow(document, path, 0);
}

/**
 * Unlike in a filter, a number is a field name here, and an array gives the array of its documents' values.
 */
function follow(document: BsonDocument, path: readonly string[], depth: number): Value {
  const name = path[depth] ?? '';
  if (!Object.hasOwn(document, name)) return undefined;
  const value = document[name];
  if (depth === path.length - 1) return value;
  if (isDocument(value)) return follow(value, path, depth + 1);
  if (!Array.isArray(value)) return undefined;
  return value
    .filter(isDocument)
    .map((element) => follow(element, path, depth + 1))
    .filter((found) => found !== undefined);
}

function unsupported(what: string): CommandError {
  return new CommandError(
    'InvalidPipelineOperator',
    `The ${what.slice(0, 100)} is not supported by the embedded database`,
  );
}
