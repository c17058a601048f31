/**
 * Compiles an update. It is either a document that replaces another, or a document of operators that change
 * named paths and keep the value and type of every other field. Called for update and findAndModify.
 */

import { equalValues } from '../bson/compare.ts';
import { identical } from '../bson/identical.ts';
import { splitPath } from '../bson/path.ts';
import {
  type BsonDocument,
  cloneValue,
  isDocument,
  namesOf,
  ObjectId,
  type Value,
  withId,
} from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { PathChange } from './change.ts';
import { equalities, fixedId } from './equalities.ts';
import { compileOperators } from './operators.ts';
import { writeTarget } from './target.ts';

export interface CompiledUpdate {
  readonly isReplacement: boolean;
  /** @returns the changed document, or undefined if nothing changes */
  apply(document: BsonDocument): BsonDocument | undefined;
  /** The document that an upsert inserts. */
  insertion(filter: BsonDocument): BsonDocument;
}

/** @throws CommandError if the update is invalid or unsupported */
export function compileUpdate(update: Value): CompiledUpdate {
  if (Array.isArray(update)) {
    throw new CommandError(
      'CommandNotSupported',
      'Updates by an aggregation pipeline are not supported by the embedded database',
    );
  }
  if (!isDocument(update)) throw new CommandError('FailedToParse', 'An update must be a document');
  const [first] = namesOf(update);
  return first?.startsWith('$') === true ? compileModification(update) : compileReplacement(update);
}

function compileReplacement(replacement: BsonDocument): CompiledUpdate {
  for (const name of Object.keys(replacement)) assertReplacementField(name);
  const replacing = (id: Value): BsonDocument => {
    const { _id = id } = replacement;
    if (!equalValues(_id, id)) throw immutableId();
    return withId(replacement, _id);
  };
  return {
    isReplacement: true,
    apply: (document) => {
      const replaced = replacing(document['_id']);
      return identical(document, replaced) ? undefined : replaced;
    },
    insertion: (filter) => {
      const { _id = new ObjectId() } = replacement;
      const fixed = fixedId(filter);
      return replacing(fixed === undefined ? _id : fixed);
    },
  };
}

function compileModification(update: BsonDocument): CompiledUpdate {
  const changes = compileOperators(update);
  return {
    isReplacement: false,
    apply: (document) => {
      const changed = applyChanges(document, changes, false);
      if (changed !== undefined) assertSameId(changed, document);
      return changed;
    },
    insertion: (filter) => {
      const base: BsonDocument = {};
      for (const [path, value] of equalities(filter)) writeTarget(base, splitPath(path), cloneValue(value));
      const changed = applyChanges(base, changes, true) ?? base;
      if (Object.hasOwn(base, '_id')) assertSameId(changed, base);
      const { _id = new ObjectId() } = changed;
      return withId(changed, _id);
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

function assertReplacementField(name: string): void {
  if (!name.startsWith('$')) return;
  const message = `The dollar ($) prefixed field '${name}' is not allowed in a replacement document`;
  throw new CommandError('DollarPrefixedFieldName', message);
}

/** It may change its type: 1 as double in place of 1 as int32. */
function assertSameId(after: BsonDocument, before: BsonDocument): void {
  if (!Object.hasOwn(after, '_id') || !equalValues(after['_id'], before['_id'])) throw immutableId();
}

function immutableId(): CommandError {
  return new CommandError(
    'ImmutableField',
    "Performing an update on the path '_id' would modify the immutable field '_id'",
  );
}
