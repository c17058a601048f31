/**
 * Counts the documents that match a filter. If the bounds of an index say exactly what the filter says, it
 * counts index keys and reads no documents. Otherwise it counts the matches of a query. Used by `count`, and
 * by aggregations that only count.
 */
import type { BsonDocument } from '../bson/value.ts';
import type { Collection } from '../storage/collection.ts';
import { countKeys } from '../storage/count-keys.ts';
import type { StoredIndex } from '../storage/indexes/stored-index.ts';
import type { KeyRange } from '../storage/keys/key-range.ts';
import type { SqliteFile } from '../storage/sqlite-file.ts';
import { type FieldBounds, fieldBounds } from './bounds.ts';
import { combineBounds } from './combined-ranges.ts';
import { MAX_RANGES } from './planner.ts';
import { everyMatch, findMatches, type Query } from './query.ts';

/** Yields partial counts, to be added up. The caller applies skip and limit. */
export function* countMatches(
  file: SqliteFile,
  collection: Collection,
  { filter, hint }: Pick<Query, 'filter' | 'hint'>,
): Generator<number> {
  const covering = hint === undefined ? coveringKeys(collection, filter.source) : undefined;
  if (covering !== undefined) {
    for (const range of covering.ranges) yield* countKeys(file, collection, covering.index, range);
    return;
  }
  for (const match of findMatches(file, collection, { ...everyMatch(filter), hint }))
    yield match === undefined ? 0 : 1;
}

interface CoveringKeys {
  readonly index: StoredIndex;
  readonly ranges: readonly KeyRange[];
}

/** The keys of an index that correspond one to one to the matches, if an index has such keys. */
export function coveringKeys(collection: Collection, filter: BsonDocument): CoveringKeys | undefined {
  for (const index of collection.visibleIndexes) {
    const ranges = isComplete(index) ? exactRanges(index, filter) : undefined;
    if (ranges !== undefined) return { index, ranges };
  }
  return undefined;
}

/** The index has exactly one key for every document. */
function isComplete({ multikey, definition }: StoredIndex): boolean {
  return !multikey && !definition.sparse && definition.partialFilter === undefined;
}

/** Ranges for a filter that fixes the values of the index's first fields and says nothing else. */
function exactRanges({ definition }: StoredIndex, filter: BsonDocument): readonly KeyRange[] | undefined {
  const fields = definition.fields.slice(0, Object.keys(filter).length);
  const bounds: FieldBounds[] = [];
  for (const { path } of fields) {
    const bound = Object.hasOwn(filter, path) ? fieldBounds([filter[path]], false, false) : undefined;
    if (bound?.exact !== true) return undefined;
    bounds.push(bound);
  }
  if (bounds.length < Object.keys(filter).length) return undefined;
  const combinations = bounds.reduce((product, { count }) => product * count, 1);
  return combinations > MAX_RANGES ? undefined : combineBounds(bounds, definition.descending);
}
