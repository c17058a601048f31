/**
 * Removes documents that a TTL index has expired. It runs through the executor like a client's delete. So it
 * gives way to commands, and one commit covers its work and theirs. The server calls it periodically.
 */
import { decode } from '../bson/codec.ts';
import type { Server } from '../commands/command.ts';
import type { Executor } from '../execution/executor.ts';
import { Slice } from '../execution/slice.ts';
import type { CommandSteps } from '../execution/task.ts';
import { CompiledFilter } from '../filter/compiled-filter.ts';
import { everyMatch, findMatches } from '../query/query.ts';
import type { Collection } from '../storage/collection.ts';
import type { IndexDefinition } from '../storage/indexes/index-definition.ts';
import type { Log } from './log.ts';

/** For each index. The next sweep continues. */
const MAX_REMOVED_PER_SWEEP = 10_000;

export function expireDocuments(server: Server, executor: Executor, log: Log): void {
  for (const collection of server.catalog.all()) {
    for (const { definition } of collection.indexes) {
      const filter = expiredFilter(definition);
      if (filter === undefined) continue;
      const slice = new Slice();
      executor.submit({
        steps: removeMatching(server, collection, filter, slice),
        slice,
        cancelled: () => false,
        complete: () => {},
        fail: (error) =>
          log('error', 'expired documents could not be removed', {
            collection: collection.namespace,
            index: definition.name,
            reason: error instanceof Error ? error.message : String(error),
          }),
      });
    }
  }
}

/** @returns undefined for an index that is not a TTL index */
function expiredFilter({
  expireAfterSeconds,
  fields,
  partialFilter = {},
}: IndexDefinition): CompiledFilter | undefined {
  const path = fields[0]?.path;
  if (expireAfterSeconds === undefined || path === undefined) return undefined;
  const before = new Date(Date.now() - expireAfterSeconds * 1000);
  // With the partial filter as a condition, the planner may use the index.
  return new CompiledFilter({ $and: [partialFilter, { [path]: { $lt: before } }] });
}

function* removeMatching(
  server: Server,
  collection: Collection,
  filter: CompiledFilter,
  slice: Slice,
): CommandSteps {
  const records: number[] = [];
  const query = { ...everyMatch(filter), limit: MAX_REMOVED_PER_SWEEP };
  for (const match of findMatches(server.file, collection, query)) {
    if (match !== undefined) records.push(match.record);
    if (slice.isSpent()) yield;
  }
  for (const record of records) {
    const bytes = collection.dropped ? undefined : collection.read(record);
    const document = bytes && decode(bytes);
    if (document !== undefined && filter.matches(document)) collection.remove(record, document);
    if (slice.isSpent()) yield;
  }
  return new Uint8Array(0);
}
