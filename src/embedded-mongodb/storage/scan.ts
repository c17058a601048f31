/**
 * Reads the documents of a plan in chunks. Between chunks it holds nothing open in SQLite, so a scan can rest
 * while other commands write, and then go on after the last key it has seen. Documents written meanwhile may
 * or may not appear, as in MongoDB.
 */
import type { Collection, StoredDocument } from './collection.ts';
import type { StoredIndex } from './indexes/stored-index.ts';
import type { KeyRange } from './keys/key-range.ts';
import { selectAll, selectKeys, selectRange } from './scan-statements.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** The ranges to read, and the direction. */
export interface ScanPlan {
  readonly collection: Collection;
  /** Undefined reads every document, in the order of insertion. */
  readonly index: StoredIndex | undefined;
  /** Disjoint, in ascending order of keys. */
  readonly ranges: readonly KeyRange[];
  readonly backward: boolean;
  /** Each range holds at most one document. */
  readonly unique: boolean;
  /** The size of the first chunk. A limit makes it small. */
  readonly firstRows: number;
}

/** Documents that were read at once. */
export type Chunk = readonly StoredDocument[];

const MAX_CHUNK_ROWS = 256;
/** The target size of a chunk. The rows of one chunk predict how many fit into the next. */
const CHUNK_BYTES = 1024 * 1024;
/** A power of two. Bounds the number of parameters of a statement. */
const MAX_KEYS = 128;
/** SQLite counts records from 1. */
const BEFORE_FIRST_RECORD = 0;

/** The documents of several plans, each document once. */
export function* scan(file: SqliteFile, plans: readonly ScanPlan[]): Generator<Chunk> {
  const [only] = plans;
  if (only !== undefined && plans.length === 1 && only.index?.multikey !== true) {
    yield* scanPlan(file, only);
    return;
  }
  const seen = new Set<number>();
  for (const plan of plans) {
    for (const chunk of scanPlan(file, plan)) {
      yield chunk.filter(({ record }) => addNew(seen, record));
    }
  }
}

function addNew(seen: Set<number>, record: number): boolean {
  const isNew = !seen.has(record);
  seen.add(record);
  return isNew;
}

function* scanPlan(file: SqliteFile, plan: ScanPlan): Generator<Chunk> {
  const { index } = plan;
  if (index === undefined) return yield* readAll(file, plan);
  const ranges = plan.backward ? plan.ranges.toReversed() : plan.ranges;
  if (plan.unique) return yield* readKeys(file, plan, index, ranges);
  for (const range of ranges) yield* readRange(file, plan, index, range);
}

function* readAll(file: SqliteFile, plan: ScanPlan): Generator<Chunk> {
  const sql = selectAll(plan.collection);
  let last = BEFORE_FIRST_RECORD;
  let limit = plan.firstRows;
  for (;;) {
    plan.collection.assertNotDropped();
    const chunk = file.all<StoredDocument>(sql, last, limit);
    yield chunk;
    if (chunk.length < limit) return;
    last = chunk.at(-1)?.record ?? last;
    limit = nextLimit(chunk);
  }
}

function* readRange(
  file: SqliteFile,
  plan: ScanPlan,
  index: StoredIndex,
  { low, high }: KeyRange,
): Generator<Chunk> {
  const sql = selectRange(plan.collection, index, plan.backward);
  const end = plan.backward ? low : high;
  let last = { key: plan.backward ? high : low, record: BEFORE_FIRST_RECORD };
  let limit = plan.firstRows;
  for (;;) {
    plan.collection.assertNotDropped(index);
    const chunk = file.all<StoredDocument & { key: Uint8Array }>(sql, last.key, last.record, end, limit);
    yield chunk;
    if (chunk.length < limit) return;
    last = chunk.at(-1) ?? last;
    limit = nextLimit(chunk);
  }
}

/** Several keys share a statement, because its execution takes as long as reading two documents. */
function* readKeys(
  file: SqliteFile,
  plan: ScanPlan,
  index: StoredIndex,
  points: readonly KeyRange[],
): Generator<Chunk> {
  let limit = plan.firstRows;
  let next = 0;
  while (next < points.length) {
    // A complete key is the beginning of no other, so it is all that its range holds.
    const keys = points.slice(next, next + Math.min(limit, MAX_KEYS)).map(({ low }) => low);
    next += keys.length;
    const parameters = toPowerOfTwo(keys);
    plan.collection.assertNotDropped(index);
    const sql = selectKeys(plan.collection, index, plan.backward, parameters.length);
    const chunk = file.all<StoredDocument>(sql, ...parameters);
    yield chunk;
    if (chunk.length > 0) limit = nextLimit(chunk);
  }
}

/** Repeats a key, which changes nothing, so that there are few different statements. */
function toPowerOfTwo(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  const missing = 2 ** Math.ceil(Math.log2(keys.length)) - keys.length;
  return [...keys, ...keys.slice(0, 1).flatMap((key) => Array<Uint8Array>(missing).fill(key))];
}

function nextLimit(chunk: Chunk): number {
  const bytes = chunk.reduce((sum, document) => sum + document.bytes.length, 0);
  const fitting = Math.floor(CHUNK_BYTES / Math.max(1, bytes / chunk.length));
  return Math.max(1, Math.min(MAX_CHUNK_ROWS, fitting));
}
