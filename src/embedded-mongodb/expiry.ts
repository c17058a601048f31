/**
 * TTL indexes: removes documents whose date is older than their index allows. Runs through the executor
 * like a client's delete, so it gives way to commands and its work is committed with theirs.
 */

import { type BsonDocument, decode } from './bson/value.ts';
import type { Server } from './commands/command.ts';
import { type Executor, Slice } from './executor.ts';
import type { Log } from './log.ts';
import { compileFilter } from './query/filter.ts';
import { findMatches } from './query/query.ts';
import type { Collection } from './storage/collection.ts';

/** Of one index in one sweep; the next sweep goes on. */
const MAX_REMOVED_PER_SWEEP = 10_000;

export function expireDocuments(server: Server, executor: Executor, log: Log): void {
  for (const collection of server.catalog.all()) {
    for (const { definition } of collection.indexes) {
      const path = definition.fields[0]?.path;
      if (definition.expireAfterSeconds === undefined || path === undefined) continue;
      const before = new Date(Date.now() - definition.expireAfterSeconds * 1000);
      // The partial filter is part of the condition, so that the planner may use the index.
      const condition: BsonDocument = { $and: [definition.partialFilter ?? {}, { [path]: { $lt: before } }] };
      const slice = new Slice();
      executor.submit({
        steps: removeMatching(server, collection, condition, slice),
        slice,
        cancelled: () => false,
        complete: () => {},
        fail: (error) =>
          log('error', 'removing expired documents failed', {
            collection: collection.namespace,
            reason: error instanceof Error ? error.message : String(error),
          }),
      });
    }
  }
}

function* removeMatching(
  server: Server,
  collection: Collection,
  filter: BsonDocument,
  slice: Slice,
): Generator<void, Uint8Array> {
  const records: number[] = [];
  const query = { filter, sort: [], skip: 0, limit: MAX_REMOVED_PER_SWEEP };
  for (const match of findMatches(server.file, collection, query)) {
    if (match !== undefined) records.push(match.record);
    if (slice.isSpent()) yield;
  }
  const matches = compileFilter(filter);
  for (const record of records) {
    const bytes = collection.dropped ? undefined : collection.read(record);
    const document = bytes && decode(bytes);
    if (document !== undefined && matches(document)) collection.remove(record, document);
    if (slice.isSpent()) yield;
  }
  return new Uint8Array(0);
}
