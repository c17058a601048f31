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

/** Finds all documents before it changes any, because a change could move a document ahead of the scan. */
export function* changeMatches(
  { server, slice }: CommandContext,
  collection: Collection,
  query: Query,
  change: (match: Match) => void,
): Statement<void> {
  const records: number[] = [];
  /** The documents, until the first rest. Then other commands may have changed them. */
  let unchanged: Map<number, Match> | undefined = new Map();
  for (const match of findMatches(server.file, collection, query)) {
    if (match !== undefined) {
      records.push(match.record);
      unchanged?.set(match.record, match);
    }
    if (slice.isSpent()) {
      unchanged = undefined;
      yield;
    }
  }
  for (const record of records) {
    const match = unchanged?.get(record) ?? stillMatching(collection, record, query.filter);
    if (match !== undefined) change(match);
    if (slice.isSpent()) {
      unchanged = undefined;
      yield;
    }
  }
}

/** The present document, if it still exists and matches. */
function stillMatching(collection: Collection, record: number, filter: CompiledFilter): Match | undefined {
  collection.assertNotDropped();
  const bytes = collection.read(record);
  if (bytes === undefined) return undefined;
  const match = new Match({ record, bytes });
  return filter.matches(match.document) ? match : undefined;
}
