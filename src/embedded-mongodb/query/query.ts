/**
 * Carries a plan out: scan, filter, sort, skip, limit, project, as a stream of results that can rest
 * after every document. Shared by all commands that look for documents.
 */

import { equalValues } from '../bson/compare.ts';
import { type BsonDocument, decode, encode, isDocument, type Value } from '../bson/value.ts';
import type { Results } from '../cursors.ts';
import { CommandError } from '../errors.ts';
import type { Collection, StoredIndex } from '../storage/collection.ts';
import { scan } from '../storage/scan.ts';
import type { SqliteFile } from '../storage/sqlite.ts';
import { compileFilter } from './filter.ts';
import { planQuery } from './planner.ts';
import type { Projection } from './projection.ts';
import { Sorter, type SortField } from './sort.ts';

/** A document that the filter has let pass. */
export interface Match {
  readonly record: number;
  readonly bytes: Uint8Array;
  readonly document: BsonDocument;
}

export interface Query {
  readonly filter: BsonDocument;
  readonly sort: readonly SortField[];
  readonly skip: number;
  /** 0: no limit. */
  readonly limit: number;
  readonly hint?: StoredIndex | 'natural' | undefined;
}

/** The matches in order; undefined for each document that was looked at in vain. */
export function* findMatches(
  file: SqliteFile,
  collection: Collection,
  query: Query,
): Generator<Match | undefined> {
  const matches = compileFilter(query.filter);
  const plans = planQuery(collection, {
    filter: query.filter,
    sort: query.sort,
    limit: query.limit > 0 ? query.skip + query.limit : 0,
    hint: query.hint,
  });
  const found = filterScan(scan(file, plans), matches);
  const sorted = plans.every((plan) => plan.sorted) ? found : sortMatches(found, query);
  yield* skipAndLimit(sorted, query);
}

/** The same as BSON, projected. */
export function* findResults(
  file: SqliteFile,
  collection: Collection,
  query: Query,
  projection: Projection | undefined,
): Results {
  for (const match of findMatches(file, collection, query)) {
    if (match === undefined) yield undefined;
    else yield projection === undefined ? match.bytes : encode(projection(match.document));
  }
}

/** @throws CommandError BadValue where there is no such index */
export function resolveHint(collection: Collection, hint: Value): StoredIndex | 'natural' | undefined {
  if (hint === undefined || hint === null) return undefined;
  if (isDocument(hint) && Object.keys(hint).length === 0) return undefined;
  if (isDocument(hint) && hint['$natural'] !== undefined) return 'natural';
  const index = collection.indexes.find(({ definition }) =>
    typeof hint === 'string' ? definition.name === hint : equalValues(definition.specification['key'], hint),
  );
  if (index === undefined)
    throw new CommandError('BadValue', 'hint provided does not correspond to an existing index');
  return index;
}

function* filterScan(
  documents: ReturnType<typeof scan>,
  matches: (document: BsonDocument) => boolean,
): Generator<Match | undefined> {
  for (const { record, bytes } of documents) {
    const document = decode(bytes);
    yield matches(document) ? { record, bytes, document } : undefined;
  }
}

function* sortMatches(found: Generator<Match | undefined>, query: Query): Generator<Match | undefined> {
  const keep = query.limit > 0 ? query.skip + query.limit : Infinity;
  const sorter = new Sorter<Match>(query.sort, keep);
  for (const match of found) {
    if (match !== undefined) sorter.add(match.document, match, match.bytes.length);
    yield undefined;
  }
  yield* sorter.sorted();
}

function* skipAndLimit(found: Generator<Match | undefined>, query: Query): Generator<Match | undefined> {
  let seen = 0;
  const end = query.limit > 0 ? query.skip + query.limit : Infinity;
  for (const match of found) {
    if (match === undefined) {
      yield undefined;
      continue;
    }
    seen += 1;
    yield seen > query.skip ? match : undefined;
    if (seen >= end) return;
  }
}
