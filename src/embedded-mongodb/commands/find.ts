/**
 * find, getMore, killCursors, count and distinct: the commands that read. Batches are filled step by
 * step, so that a long scan gives way to other commands.
 */

import { Long } from 'bson';
import { MISSING, splitPath, valuesAt } from '../bson/path.ts';
import { type BsonDocument, isNumber, MAX_DOCUMENT_BYTES, toNumber, type Value } from '../bson/value.ts';
import type { Cursor, Results } from '../cursors.ts';
import { CommandError } from '../errors.ts';
import type { CommandSteps, Slice } from '../executor.ts';
import { countMatches } from '../query/count.ts';
import { compileFilter } from '../query/filter.ts';
import { compileProjection } from '../query/projection.ts';
import { findMatches, findResults, type Query, resolveHint } from '../query/query.ts';
import { parseSort } from '../query/sort.ts';
import { assertNamespace } from '../storage/catalog.ts';
import { encodeValue } from '../storage/key.ts';
import { encodeCursorReply } from '../wire/cursor-reply.ts';
import {
  booleanArgument,
  type Command,
  type CommandContext,
  type CommandFamily,
  type CommandResult,
  collectionName,
  countArgument,
  documentArgument,
  numberArgument,
  refuseCollation,
  refuseUnknownFields,
  stringArgument,
  success,
} from './command.ts';

/** MongoDB's size of a first batch that was not asked for in a number. */
const DEFAULT_BATCH = 101;
const MAX_DISTINCT_BYTES = MAX_DOCUMENT_BYTES;

/** Of find: what MongoDB has and this database has not. */
const REFUSED_OPTIONS = ['tailable', 'awaitData', 'returnKey', 'showRecordId', 'min', 'max', 'let'] as const;
/** The last four ask for what is so in any case, or make no difference here. */
const FIND_FIELDS: ReadonlySet<string> = new Set([
  ...REFUSED_OPTIONS,
  'filter',
  'sort',
  'projection',
  'hint',
  'skip',
  'limit',
  'batchSize',
  'singleBatch',
  'collation',
  'allowDiskUse',
  'allowPartialResults',
  'noCursorTimeout',
  'oplogReplay',
]);

export const readCommands: CommandFamily = new Map<string, Command>([
  ['find', find],
  ['getMore', getMore],
  ['killCursors', killCursors],
  ['count', count],
  ['distinct', distinct],
]);

function find(context: CommandContext): CommandResult {
  const { command, server, database } = context;
  const name = collectionName(context);
  assertNamespace(database, name);
  refuseCollation(command);
  refuseUnknownFields(context, FIND_FIELDS);
  for (const option of REFUSED_OPTIONS) {
    const value = command[option];
    if (value === undefined || value === false) continue;
    throw new CommandError(
      'CommandNotSupported',
      `find with ${option} is not supported by the embedded database`,
    );
  }
  // "limit: -n" is one batch of n, for old drivers.
  const limit = numberArgument(command, 'limit', 0);
  const skip = countArgument(command, 'skip', 0);
  const sort = parseSort(documentArgument(command, 'sort'));
  const filter = documentArgument(command, 'filter');
  const projection = compileProjection(documentArgument(command, 'projection'));
  const batchSize = countArgument(command, 'batchSize', DEFAULT_BATCH);
  const singleBatch = booleanArgument(command, 'singleBatch', false) || limit < 0;
  const collection = server.catalog.find(database, name);
  // Also where there is nothing to look at, a wrong filter is an error.
  compileFilter(filter);
  let results = noResults();
  if (collection !== undefined) {
    const query: Query = {
      filter,
      sort,
      skip,
      limit: Math.abs(limit),
      hint: resolveHint(collection, command['hint']),
    };
    results = findResults(server.file, collection, query, projection);
  }
  // Where the batch holds all that the limit allows, the results are run to their end: no cursor is left open.
  const size = limit !== 0 && batchSize >= Math.abs(limit) ? Infinity : batchSize;
  return firstBatch(context, `${database}.${name}`, results, size, singleBatch);
}

/** Answers with the first documents and, if there are more, a cursor for the rest. */
export function* firstBatch(
  context: CommandContext,
  namespace: string,
  results: Results,
  batchSize: number,
  singleBatch: boolean,
): CommandSteps {
  const batch = yield* fillBatch(context.slice, results, undefined, batchSize);
  let id = 0n;
  if (singleBatch) results.return(undefined);
  else if (!batch.exhausted)
    id = context.server.cursors.open(namespace, context.connection, results, batch.pending).id;
  return encodeCursorReply('firstBatch', batch.documents, id, namespace);
}

function* getMore(context: CommandContext): CommandSteps {
  const { command, server, database } = context;
  const id = cursorId(command['getMore']);
  const namespace = `${database}.${stringArgument(command, 'collection')}`;
  const cursor = server.cursors.get(id, namespace);
  const batchSize = countArgument(command, 'batchSize', 0);
  cursor.busy = true;
  let finished = true;
  try {
    const batch = yield* fillBatch(context.slice, cursor.results, cursor.pending, batchSize || Infinity);
    cursor.pending = batch.pending;
    finished = batch.exhausted;
    return encodeCursorReply('nextBatch', batch.documents, finished ? 0n : id, namespace);
  } finally {
    cursor.busy = false;
    cursor.lastUsed = Date.now();
    // An error ends the cursor as well.
    if (finished) server.cursors.close(id);
  }
}

interface Batch {
  readonly documents: readonly Uint8Array[];
  readonly exhausted: boolean;
  readonly pending: Cursor['pending'];
}

/** Takes results until the batch has its number or its bytes. */
function* fillBatch(
  slice: Slice,
  results: Results,
  pending: Uint8Array | undefined,
  size: number,
): Generator<void, Batch> {
  const documents: Uint8Array[] = pending === undefined ? [] : [pending];
  let bytes = pending?.length ?? 0;
  while (documents.length < size) {
    const next = results.next();
    if (next.done === true) return { documents, exhausted: true, pending: undefined };
    const document = next.value;
    if (document !== undefined) {
      if (documents.length > 0 && bytes + document.length > MAX_DOCUMENT_BYTES) {
        return { documents, exhausted: false, pending: document };
      }
      documents.push(document);
      bytes += document.length;
    }
    if (slice.isSpent()) yield;
  }
  return { documents, exhausted: false, pending: undefined };
}

function killCursors(context: CommandContext): CommandResult {
  const { command, server } = context;
  const ids = command['cursors'];
  if (!Array.isArray(ids))
    throw new CommandError('TypeMismatch', "BSON field 'killCursors.cursors' must be an array");
  const killed: Long[] = [];
  const notFound: Long[] = [];
  for (const value of ids) {
    const id = cursorId(value);
    (server.cursors.close(id) ? killed : notFound).push(Long.fromBigInt(id));
  }
  return success({ cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [] });
}

function* count(context: CommandContext): CommandSteps {
  const { command, server, slice } = context;
  refuseCollation(command);
  const collection = server.catalog.find(context.database, collectionName(context));
  const filter = documentArgument(command, 'query');
  compileFilter(filter);
  if (collection === undefined) return success({ n: 0 });
  const skip = countArgument(command, 'skip', 0);
  const limit = Math.abs(numberArgument(command, 'limit', 0));
  const end = limit > 0 ? skip + limit : Infinity;
  const hint = resolveHint(collection, command['hint']);
  let n = 0;
  for (const counted of countMatches(server.file, collection, { filter, hint })) {
    n += counted;
    if (n >= end) break;
    if (slice.isSpent()) yield;
  }
  return success({ n: Math.max(0, Math.min(n, end) - skip) });
}

function* distinct(context: CommandContext): CommandSteps {
  const { command, server, slice } = context;
  refuseCollation(command);
  const collection = server.catalog.find(context.database, collectionName(context));
  const filter = documentArgument(command, 'query');
  compileFilter(filter);
  const path = splitPath(stringArgument(command, 'key'));
  const values = new Map<string, Value>();
  if (collection === undefined) return success({ values: [] });
  let bytes = 0;
  for (const match of findMatches(server.file, collection, everything(filter))) {
    for (const value of match === undefined ? [] : distinctValues(match.document, path)) {
      const key = encodeValue(value);
      const text = Buffer.from(key).toString('latin1');
      if (values.has(text)) continue;
      values.set(text, value);
      bytes += key.length + 8;
      if (bytes > MAX_DISTINCT_BYTES)
        throw new CommandError('BSONObjectTooLarge', 'distinct too big, 16mb cap');
    }
    if (slice.isSpent()) yield;
  }
  return success({ values: [...values.values()] });
}

export function everything(filter: BsonDocument): Query {
  return { filter, sort: [], skip: 0, limit: 0 };
}

function distinctValues(document: BsonDocument, path: readonly string[]): Value[] {
  return valuesAt(document, path).flatMap((value) =>
    value === MISSING ? [] : Array.isArray(value) ? value : [value],
  );
}

function cursorId(value: Value): bigint {
  if (value instanceof Long) return value.toBigInt();
  if (isNumber(value)) return BigInt(Math.trunc(toNumber(value) || 0));
  throw new CommandError('TypeMismatch', 'a cursor id must be a 64-bit integer');
}

function* noResults(): Results {}
