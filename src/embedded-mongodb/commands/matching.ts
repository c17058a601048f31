/**
 * Finding the documents that a write is for. A document is the unit of atomicity: between the match that is
 * returned here and the change that its caller makes, no other command runs.
 */
import { decode } from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { compileFilter, type Predicate } from '../query/filter.ts';
import { findMatches, type Match, type Query } from '../query/query.ts';
import type { Collection } from '../storage/collection.ts';
import type { Statement } from './bulk.ts';
import type { CommandContext } from './command.ts';

export function* firstMatch(
  context: CommandContext,
  collection: Collection,
  query: Query,
): Statement<Match | undefined> {
  let rested = false;
  for (const match of findMatches(context.server.file, collection, query)) {
    if (match !== undefined) {
      if (!rested) return match;
      // Others have had their turn since the scan, or the sort, saw this document.
      const current = stillMatching(collection, match.record, compileFilter(query.filter));
      return current ?? (yield* firstMatch(context, collection, query));
    }
    if (context.slice.isSpent()) {
      rested = true;
      yield;
    }
  }
  return undefined;
}

export function* matchingRecords(
  context: CommandContext,
  collection: Collection,
  query: Query,
): Statement<number[]> {
  const records: number[] = [];
  for (const match of findMatches(context.server.file, collection, query)) {
    if (match !== undefined) records.push(match.record);
    if (context.slice.isSpent()) yield;
  }
  return records;
}

/** The document as it is now, if it still is what was looked for. */
export function stillMatching(collection: Collection, record: number, matches: Predicate): Match | undefined {
  if (collection.dropped)
    throw new CommandError('QueryPlanKilled', `collection dropped: ${collection.namespace}`);
  const bytes = collection.read(record);
  if (bytes === undefined) return undefined;
  const document = decode(bytes);
  return matches(document) ? { record, bytes, document } : undefined;
}
