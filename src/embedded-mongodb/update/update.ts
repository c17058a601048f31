/**
 * Compiles an update: a document that replaces another, or operators that change named paths and leave
 * all other fields as they are, in type and value. Called for update, upsert and findAndModify.
 */

import { equalValues } from '../bson/compare.ts';
import { type BsonDocument, cloneValue, isDocument, ObjectId, typeOf, type Value } from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { conjunctionOf } from '../query/bounds.ts';
import { isOperatorDocument } from '../query/operators.ts';
import { compileOperators, type PathChange } from './operators.ts';
import { writeTarget } from './target.ts';

export interface CompiledUpdate {
  readonly isReplacement: boolean;
  /** @returns the changed document, or undefined if nothing changes */
  apply(document: BsonDocument): BsonDocument | undefined;
  /** The document that an upsert inserts. */
  insertion(filter: BsonDocument): BsonDocument;
}

/** @throws CommandError with MongoDB's code for what is wrong with it */
export function compileUpdate(update: Value): CompiledUpdate {
  if (Array.isArray(update)) {
    throw new CommandError(
      'CommandNotSupported',
      'Updates by an aggregation pipeline are not supported by the embedded database',
    );
  }
  if (!isDocument(update)) throw new CommandError('FailedToParse', 'An update must be a document');
  return isOperatorDocument(update) ? compileModification(update) : compileReplacement(update);
}

function compileReplacement(replacement: BsonDocument): CompiledUpdate {
  for (const name of Object.keys(replacement)) assertReplacementField(name);
  const withId = (id: Value): BsonDocument => {
    const given = replacement['_id'];
    if (given !== undefined && !equalValues(given, id)) throw immutableId();
    const { _id, ...rest } = replacement;
    return { _id: id, ...rest };
  };
  return {
    isReplacement: true,
    apply: (document) => {
      const replaced = withId(document['_id']);
      return identical(document, replaced) ? undefined : replaced;
    },
    insertion: (filter) => withId(equalities(filter).get('_id') ?? replacement['_id'] ?? new ObjectId()),
  };
}

function compileModification(update: BsonDocument): CompiledUpdate {
  const changes = compileOperators(update);
  return {
    isReplacement: false,
    apply: (document) => {
      const changed = applyChanges(document, changes, false);
      if (changed !== undefined && !identical(changed['_id'], document['_id'])) throw immutableId();
      return changed;
    },
    insertion: (filter) => {
      const base: BsonDocument = {};
      for (const [path, value] of equalities(filter)) writeTarget(base, path.split('.'), cloneValue(value));
      const hadId = base['_id'] !== undefined;
      const changed = applyChanges(base, changes, true) ?? base;
      if (hadId && !equalValues(changed['_id'], base['_id'])) throw immutableId();
      const { _id = new ObjectId(), ...rest } = changed;
      return { _id, ...rest };
    },
  };
}

function applyChanges(
  document: BsonDocument,
  changes: readonly PathChange[],
  inserting: boolean,
): BsonDocument | undefined {
  const copy = cloneValue(document) as BsonDocument;
  let changed = false;
  for (const change of changes) {
    if (change.onlyOnInsert && !inserting) continue;
    if (change.apply(copy)) changed = true;
  }
  return changed ? copy : undefined;
}

/** What the filter fixes to one value becomes part of an upserted document. */
function equalities(filter: BsonDocument): Map<string, Value> {
  const fixed = new Map<string, Value>();
  for (const [path, conditions] of conjunctionOf(filter)) {
    for (const condition of conditions) {
      const value = fixedValue(condition);
      if (value === undefined) continue;
      if (fixed.has(path))
        throw new CommandError(
          'BadValue',
          `cannot infer query fields to set, path '${path}' is matched twice`,
        );
      fixed.set(path, value);
    }
  }
  return fixed;
}

function fixedValue(condition: Value): Value {
  if (typeOf(condition).alias === 'regex') return undefined;
  if (!isOperatorDocument(condition)) return condition;
  if (Object.hasOwn(condition, '$eq')) return condition['$eq'];
  const list = condition['$in'] ?? condition['$all'];
  return Array.isArray(list) && list.length === 1 ? list[0] : undefined;
}

/** Same values and same types: 1 as int32 and 1 as double are equal, but not the same. */
export function identical(left: Value, right: Value): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((element, index) => identical(element, right[index]));
  }
  if (isDocument(left) && isDocument(right)) {
    const names = Object.keys(left);
    const others = Object.keys(right);
    return (
      names.length === others.length &&
      names.every((name, index) => others[index] === name && identical(left[name], right[name]))
    );
  }
  return typeOf(left).number === typeOf(right).number && equalValues(left, right);
}

function assertReplacementField(name: string): void {
  if (!name.startsWith('$')) return;
  const message = `The dollar ($) prefixed field '${name}' is not allowed in a replacement document`;
  throw new CommandError('DollarPrefixedFieldName', message);
}

function immutableId(): CommandError {
  return new CommandError(
    'ImmutableField',
    "Performing an update on the path '_id' would modify the immutable field '_id'",
  );
}
