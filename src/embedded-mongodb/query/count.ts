/**
 * How many documents a filter lets pass. Where the fields of an index are bounded by exactly what the filter says,
 * its keys are counted and no document is read; else the matches are counted as they are found. Used by `count`, and by
 * aggregations that do nothing but count.
 */
import type { BsonDocument, Value } from '../bson/value.ts';
import type { Collection, StoredIndex } from '../storage/collection.ts';
import { countKeys } from '../storage/scan.ts';
import type { SqliteFile } from '../storage/sqlite.ts';
import { type FieldBounds, fieldBounds, type KeyRange } from './bounds.ts';
import { isOperatorDocument } from './operators.ts';
import { combineBounds, MAX_RANGES } from './planner.ts';
import { findMatches, type Query } from './query.ts';

/** Yields what is to be added up, as the work goes on; the limit and what is skipped are the caller's. */
export function* countMatches(
  file: SqliteFile,
  collection: Collection,
  { filter, hint }: Pick<Query, 'filter' | 'hint'>,
): Generator<number> {
  const covering = hint === undefined ? coveringKeys(collection, filter) : undefined;
  if (covering !== undefined) {
    for (const range of covering.ranges) yield* countKeys(file, collection, covering.index, range);
    return;
  }
  const query: Query = { filter, hint, sort: [], skip: 0, limit: 0 };
  for (const match of findMatches(file, collection, query)) yield match === undefined ? 0 : 1;
}

interface CoveringKeys {
  readonly index: StoredIndex;
  readonly ranges: readonly KeyRange[];
}

/** @returns the keys that stand for the matches, one for each, in the first index that has such */
export function coveringKeys(collection: Collection, filter: BsonDocument): CoveringKeys | undefined {
  for (const index of collection.indexes) {
    const ranges = isComplete(index) ? exactRanges(index, filter) : undefined;
    if (ranges !== undefined) return { index, ranges };
  }
  return undefined;
}

/** It has one key for every document. */
function isComplete({ multikey, definition }: StoredIndex): boolean {
  return !multikey && !definition.sparse && definition.partialFilter === undefined;
}

/** Where the filter bounds the index's first fields by values, and says nothing else. */
function exactRanges({ definition }: StoredIndex, filter: BsonDocument): readonly KeyRange[] | undefined {
  const fields = definition.fields.slice(0, Object.keys(filter).length);
  const bounds: FieldBounds[] = [];
  for (const { path } of fields) {
    const bound = Object.hasOwn(filter, path) ? exactBounds(filter[path]) : undefined;
    if (bound === undefined) return undefined;
    bounds.push(bound);
  }
  if (bounds.length < Object.keys(filter).length) return undefined;
  const combinations = bounds.reduce((count, { ranges }) => count * ranges.length, 1);
  return combinations > MAX_RANGES ? undefined : combineBounds(bounds, definition.descending);
}

/** A value, or one operator that asks for one of some values; not null, which is also what is not there. */
function exactBounds(condition: Value): FieldBounds | undefined {
  if (isOperatorDocument(condition)) {
    const [operator = '', ...others] = Object.keys(condition);
    if (others.length > 0 || !['$eq', '$in'].includes(operator)) return undefined;
  }
  const bounds = fieldBounds([condition], false, false);
  return bounds?.points === true ? bounds : undefined;
}
