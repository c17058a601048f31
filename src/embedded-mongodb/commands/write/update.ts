/**
 * update: each statement changes the first document that matches, or all of them, or inserts one if none
 * matches.
 */

import { encodeStored } from '../../bson/codec.ts';
import type { BsonDocument, Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { CompiledFilter } from '../../filter/compiled-filter.ts';
import { resolveHint } from '../../query/hint.ts';
import type { Query } from '../../query/query.ts';
import { parseSort } from '../../query/sort.ts';
import type { Collection } from '../../storage/collection.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import { type CompiledUpdate, compileUpdate } from '../../update/update.ts';
import { booleanArgument, collectionName, documentArgument } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { refuseUnknownFields, requireField } from '../fields.ts';
import { refuseCollation, refuseOptions, unsupported } from '../unsupported.ts';
import { runBulk, type Statement, statements } from './bulk.ts';
import { assertId } from './insert.ts';
import { changeMatches, firstMatch } from './matching.ts';

export const UPDATE_FIELDS = ['updates', 'ordered', 'bypassDocumentValidation', 'let'];

const STATEMENT_FIELDS: ReadonlySet<string> = new Set([
  'q',
  'u',
  'c',
  'multi',
  'upsert',
  'sort',
  'hint',
  'collation',
  'arrayFilters',
]);

export function* update(context: CommandContext): CommandSteps {
  const name = collectionName(context);
  assertNamespace(context.database, name);
  refuseOptions(context.command, ['let']);
  const updates = statements(context, 'updates');
  updates.forEach(assertStatement);
  const upserted: { index: number; _id: Value }[] = [];
  let matched = 0;
  let modified = 0;
  const outcome = yield* runBulk(context, updates, function* (statement, index): Statement<void> {
    const result = yield* updateStatement(context, name, statement);
    matched += result.matched;
    modified += result.modified;
    if (result.upserted !== undefined) upserted.push({ index, _id: result.upserted['_id'] });
  });
  const fields = upserted.length > 0 ? { upserted } : {};
  return success({ n: matched + upserted.length, nModified: modified, ...fields, ...outcome });
}

/** Checked before anything is changed. */
function assertStatement(statement: BsonDocument): void {
  refuseUnknownFields('update.updates', statement, STATEMENT_FIELDS);
  requireField('update.updates', statement, 'q');
  requireField('update.updates', statement, 'u');
  refuseOptions(statement, ['c']);
}

interface UpdateResult {
  readonly matched: number;
  readonly modified: number;
  readonly upserted?: BsonDocument;
}

function* updateStatement(
  context: CommandContext,
  name: string,
  statement: BsonDocument,
): Statement<UpdateResult> {
  refuseCollation(statement);
  refuseArrayFilters(statement);
  const filter = new CompiledFilter(documentArgument(statement, 'q'));
  const change = compileUpdate(statement['u']);
  const multi = booleanArgument(statement, 'multi', false);
  if (multi && change.isReplacement) {
    throw new CommandError('FailedToParse', 'multi update is not supported for replacement-style update');
  }
  const upsert = booleanArgument(statement, 'upsert', false);
  const sort = parseSort(documentArgument(statement, 'sort'));
  const { catalog } = context.server;
  const collection = upsert
    ? catalog.getOrCreate(context.database, name)
    : catalog.find(context.database, name);
  if (collection === undefined) return { matched: 0, modified: 0 };
  const query: Query = {
    filter,
    sort,
    skip: 0,
    limit: multi ? 0 : 1,
    hint: resolveHint(collection, statement['hint']),
  };
  const result = multi
    ? yield* updateMany(context, collection, query, change)
    : yield* updateFirst(context, collection, query, change);
  if (result.matched > 0 || !upsert) return result;
  return { ...result, upserted: insertUpserted(collection, change, filter) };
}

function* updateFirst(
  context: CommandContext,
  collection: Collection,
  query: Query,
  change: CompiledUpdate,
): Statement<UpdateResult> {
  const match = yield* firstMatch(context, collection, query);
  if (match === undefined) return { matched: 0, modified: 0 };
  const after = change.apply(match.document);
  if (after !== undefined) collection.replace(match.record, match.document, after);
  return { matched: 1, modified: after === undefined ? 0 : 1 };
}

function* updateMany(
  context: CommandContext,
  collection: Collection,
  query: Query,
  change: CompiledUpdate,
): Statement<UpdateResult> {
  let matched = 0;
  let modified = 0;
  yield* changeMatches(context, collection, query, ({ record, document }) => {
    const after = change.apply(document);
    if (after !== undefined) collection.replace(record, document, after);
    matched += 1;
    modified += after === undefined ? 0 : 1;
  });
  return { matched, modified };
}

export function insertUpserted(
  collection: Collection,
  change: CompiledUpdate,
  filter: CompiledFilter,
): BsonDocument {
  const document = change.insertion(filter.source);
  assertId(document['_id']);
  collection.insert(document, encodeStored(document));
  return document;
}

export function refuseArrayFilters(source: BsonDocument): void {
  const filters = source['arrayFilters'];
  if (filters === undefined || (Array.isArray(filters) && filters.length === 0)) return;
  throw unsupported('the option arrayFilters');
}
