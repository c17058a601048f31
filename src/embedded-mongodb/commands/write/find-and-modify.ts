/**
 * findAndModify: changes, replaces or removes the first document that matches, and returns it as it was
 * before or is after. No other command runs between the match and the change.
 */
import type { BsonDocument } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { CompiledFilter } from '../../filter/compiled-filter.ts';
import { resolveHint } from '../../query/hint.ts';
import { compileProjection, type Projection } from '../../query/projection.ts';
import type { Query } from '../../query/query.ts';
import { parseSort, type SortField } from '../../query/sort.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import { type CompiledUpdate, compileUpdate } from '../../update/update.ts';
import { booleanArgument, collectionName, documentArgument } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { refuseCollation, refuseOptions } from '../unsupported.ts';
import { firstMatch } from './matching.ts';
import { insertUpserted, refuseArrayFilters } from './update.ts';

export const FIND_AND_MODIFY_FIELDS = [
  'query',
  'sort',
  'remove',
  'update',
  'new',
  'fields',
  'upsert',
  'hint',
  'collation',
  'arrayFilters',
  'bypassDocumentValidation',
  'let',
];

export function* findAndModify(context: CommandContext): CommandSteps {
  const { command, server, database } = context;
  const name = collectionName(context);
  assertNamespace(database, name);
  const { change, filter, sort, upsert, returnNew, project } = readArguments(command);
  const collection = upsert
    ? server.catalog.getOrCreate(database, name)
    : server.catalog.find(database, name);
  if (collection === undefined) return notFound(change);
  const query: Query = { filter, sort, skip: 0, limit: 1, hint: resolveHint(collection, command['hint']) };
  const match = yield* firstMatch(context, collection, query);
  if (match !== undefined && change === undefined) {
    collection.remove(match.record, match.document);
    return success({ lastErrorObject: { n: 1 }, value: project(match.document) });
  }
  if (match !== undefined && change !== undefined) {
    const after = change.apply(match.document);
    if (after !== undefined) collection.replace(match.record, match.document, after);
    const value = project(returnNew ? (after ?? match.document) : match.document);
    return success({ lastErrorObject: { n: 1, updatedExisting: true }, value });
  }
  if (change === undefined || !upsert) return notFound(change);
  const inserted = insertUpserted(collection, change, filter);
  const lastErrorObject = { n: 1, updatedExisting: false, upserted: inserted['_id'] };
  return success({ lastErrorObject, value: returnNew ? project(inserted) : null });
}

interface FindAndModify {
  /** Undefined removes the document. */
  readonly change: CompiledUpdate | undefined;
  readonly filter: CompiledFilter;
  readonly sort: readonly SortField[];
  readonly upsert: boolean;
  readonly returnNew: boolean;
  readonly project: Projection;
}

function readArguments(command: BsonDocument): FindAndModify {
  refuseCollation(command);
  refuseArrayFilters(command);
  refuseOptions(command, ['let']);
  const remove = booleanArgument(command, 'remove', false);
  const upsert = booleanArgument(command, 'upsert', false);
  const returnNew = booleanArgument(command, 'new', false);
  if (remove === (command['update'] !== undefined)) {
    throw new CommandError('FailedToParse', 'Either an update or remove=true must be specified, not both');
  }
  if (remove && (upsert || returnNew)) {
    throw new CommandError('FailedToParse', 'Cannot specify upsert=true or new=true with remove=true');
  }
  const change = remove ? undefined : compileUpdate(command['update']);
  const sort = parseSort(documentArgument(command, 'sort'));
  const project = compileProjection(documentArgument(command, 'fields')) ?? ((document) => document);
  const filter = new CompiledFilter(documentArgument(command, 'query'));
  return { change, filter, sort, upsert, returnNew, project };
}

function notFound(change: CompiledUpdate | undefined): Uint8Array {
  const lastErrorObject = change === undefined ? { n: 0 } : { n: 0, updatedExisting: false };
  return success({ lastErrorObject, value: null });
}
