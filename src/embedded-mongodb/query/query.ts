/**
 * Runs a query: plan, scan, filter, sort, skip, limit and projection. The results are a stream that can rest
 * after every document. All commands that look for documents use it.
 */

import { decode, encode } from '../bson/codec.ts';
import type { BsonDocument } from '../bson/value.ts';
import type { CompiledFilter, StoredTest } from '../filter/compiled-filter.ts';
import type { Collection, StoredDocument } from '../storage/collection.ts';
import { scan } from '../storage/scan.ts';
import type { SqliteFile } from '../storage/sqlite-file.ts';
import type { Hint } from './hint.ts';
import { NOTHING_PROVEN, type Plan, planQuery } from './planner.ts';
import type { Projection } from './projection.ts';
import type { SortField } from './sort.ts';
import { Sorter } from './sorter.ts';

/**
 * Documents as BSON. The reader copies what it keeps. Undefined means work without a result, so that the
 * reader can give way to other commands.
 */
export type Results = Generator<Uint8Array | undefined>;

/** A document that matches the filter. It is decoded when its fields are needed. */
export class Match {
  readonly record: number;
  /** May share memory with other documents. */
  readonly bytes: Uint8Array;
  #document: BsonDocument | undefined;

  constructor({ record, bytes }: StoredDocument) {
    this.record = record;
    this.bytes = bytes;
  }

  get document(): BsonDocument {
    // Values of the document may refer to the memory that it is decoded from.
    this.#document ??= decode(new Uint8Array(this.bytes));
    return this.#document;
  }

  /** With memory of its own, for whoever keeps it. */
  copy(): Match {
    return new Match({ record: this.record, bytes: new Uint8Array(this.bytes) });
  }
}

export interface Query {
  readonly filter: CompiledFilter;
  readonly sort: readonly SortField[];
  readonly skip: number;
  /** 0 means no limit. */
  readonly limit: number;
  readonly hint?: Hint | undefined;
}

/** A query for everything that the filter matches, in any order. */
export function everyMatch(filter: CompiledFilter): Query {
  return { filter, sort: [], skip: 0, limit: 0 };
}

/** The matches in order. Undefined stands for a document that was examined and is not a result. */
export function* findMatches(
  file: SqliteFile,
  collection: Collection,
  query: Query,
): Generator<Match | undefined> {
  const plans = planQuery(collection, {
    filter: query.filter.source,
    sort: query.sort,
    limit: query.limit > 0 ? query.skip + query.limit : 0,
    hint: query.hint,
  });
  const matches = query.filter.storedTest(provenBy(plans));
  const found = filterScan(scan(file, plans), matches);
  const sorted = plans.every((plan) => plan.sorted) ? found : sortMatches(found, query);
  yield* skipAndLimit(sorted, query);
}

/** A document may come from any of the plans, so only a single one proves something about all of them. */
function provenBy([only, ...others]: readonly Plan[]): ReadonlySet<string> {
  return only !== undefined && others.length === 0 ? only.proven : NOTHING_PROVEN;
}

/** The matches as BSON, after the projection. */
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

function* filterScan(chunks: ReturnType<typeof scan>, matches: StoredTest): Generator<Match | undefined> {
  for (const documents of chunks) {
    // Reading a chunk is work, even if it has nothing new.
    if (documents.length === 0) yield undefined;
    for (const stored of documents) yield matches(stored.bytes) ? new Match(stored) : undefined;
  }
}

function* sortMatches(found: Generator<Match | undefined>, query: Query): Generator<Match | undefined> {
  const keep = query.limit > 0 ? query.skip + query.limit : Infinity;
  const sorter = new Sorter<Match>(query.sort, keep);
  for (const match of found) {
    const kept = match?.copy();
    if (kept !== undefined) sorter.add(kept.document, kept, kept.bytes.length);
    if (sorter.isFull) yield* sorter.compact();
    yield undefined;
  }
  yield* sorter.inSteps();
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
