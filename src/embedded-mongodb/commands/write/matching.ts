/**
 * Finds the documents that a write changes. A document is the unit of atomicity: no other command runs
 * between the match that is returned here and the change that the caller makes.
 */

import type { CompiledFilter } from '../../filter/compiled-filter.ts';
import { findMatches, Match, type Query } from '../../query/query.ts';
import type { Collection } from '../../storage/collection.ts';
import type { CommandContext } from '../command.ts';
import type { Statement } from './bulk.ts';

export function* firstMatch(
  context: CommandContext,
  collection: Collection,
  query: Query,
): Statement<Match | undefined> {
  let rested = false;
  for (const match of findMatches(context.server.file, collection, query)) {
    if (match !== undefined) {
      if (!rested) return match;
      // Other commands may have changed the document since the scan read it.
      const current = stillMatching(collection, match.record, query.filter);
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

/** The present document, if it still exists and matches. */
export function stillMatching(
  collection: Collection,
  record: number,
  filter: CompiledFilter,
): Match | undefined {
  collection.assertNotDropped();
  const bytes = collection.read(record);
  if (bytes === undefined) return undefined;
  const match = new Match({ record, bytes });
  return filter.matches(match.document) ? match : undefined;
}
