/**
 * The stages $project and $addFields, which include and exclude fields as in find, and compute fields by
 * expressions.
 */

import { splitPath } from '../bson/path.ts';
import { type BsonDocument, cloneValue, isNumber, isTruthy, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { compileProjection } from '../query/projection.ts';
import { writeTarget } from '../update/target.ts';
import { compileExpression } from './expression.ts';

export function compileProject(
  stage: '$project' | '$addFields',
  specification: BsonDocument,
): (document: BsonDocument) => BsonDocument {
  const paths = Object.keys(specification);
  if (paths.length === 0)
    throw new CommandError('BadValue', `Invalid ${stage} :: specification must have at least one field`);
  const computed = paths.filter((path) => stage === '$addFields' || !isFlag(specification[path]));
  for (const path of computed) assertPath(path);
  const flags: BsonDocument = {};
  for (const path of paths) if (!computed.includes(path)) flags[path] = specification[path];
  const expressions = computed.map((path) => ({
    path: splitPath(path),
    compute: compileExpression(specification[path]),
  }));
  const base = stage === '$addFields' ? cloneDocument : compileBase(flags, computed.length > 0);
  return (document) => {
    const result = base(document);
    for (const { path, compute } of expressions) {
      const value = compute(document);
      if (value !== undefined) writeTarget(result, path, cloneValue(value));
    }
    return result;
  };
}

/** With computed fields only, no other field than _id remains. */
function compileBase(flags: BsonDocument, hasComputed: boolean): (document: BsonDocument) => BsonDocument {
  const names = Object.keys(flags);
  const onlyId = names.every((name) => name === '_id');
  if (hasComputed && onlyId) {
    const withoutId = names.length > 0 && !isTruthy(flags['_id']);
    return (document) => (withoutId || document['_id'] === undefined ? {} : { _id: document['_id'] });
  }
  if (hasComputed && names.some((name) => name !== '_id' && !isTruthy(flags[name]))) {
    throw new CommandError('BadValue', 'Invalid $project :: cannot compute fields and exclude others');
  }
  return compileProjection(flags) ?? cloneDocument;
}

function cloneDocument(document: BsonDocument): BsonDocument {
  return cloneValue(document) as BsonDocument;
}

function isFlag(value: Value): boolean {
  return typeof value === 'boolean' || isNumber(value);
}

function assertPath(path: string): void {
  if (!path.split('.').some((part) => part === '' || part.startsWith('$'))) return;
  throw new CommandError('BadValue', `Invalid field path in a projection: ${path.slice(0, 100)}`);
}
