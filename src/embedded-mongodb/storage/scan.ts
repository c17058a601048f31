/**
 * Reads the documents of a plan in chunks. Between chunks it holds nothing open in SQLite, so a scan can rest
 * while other commands write, and then go on after the last key it has seen. Documents written meanwhile may
 * or may not appear, as in MongoDB.
 */
import { ChunkSize, readChunk } from './chunk.ts';
import type { Collection, StoredDocument } from './collection.ts';
import type { StoredIndex } from './indexes/stored-index.ts';
import type { KeyRange } from './keys/key-range.ts';
import { selectAll, selectKeys, selectRange } from './scan-statements.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** The ranges to read, and the direction. */
export interface ScanPlan {
  readonly collection: Collection;
  /** Undefined reads every document, in the order of insertion or backward. */
  readonly index: StoredIndex | undefined;
  /** Disjoint, in ascending order of keys. */
  readonly ranges: readonly KeyRange[];
  readonly backward: boolean;
  /** Each range holds at most one document. */
  readonly unique: boolean;
  /** The size of the first chunk. A limit makes it small. */
  readonly firstRows: number;
}

/** SQLite counts records from 1. */
const BEFORE_FIRST_RECORD = 0;
const BEHIND_LAST_RECORD = Number.MAX_SAFE_INTEGER;

/** Documents that were read at once, in order. They share memory, so whoever keeps one copies it. */
type Documents = readonly StoredDocument[];

/** The documents of several plans, each document once. */
export function* scan(file: SqliteFile, plans: readonly ScanPlan[]): Generator<Documents> {
  const [only] = plans;
  if (only !== undefined && plans.length === 1 && only.index?.multikey !== true) {
    yield* scanPlan(file, only);
    return;
  }
  const seen = new Set<number>();
  for (const plan of plans) {
    for (const documents of scanPlan(file, plan)) {
      yield documents.filter(({ record }) => addNew(seen, record));
    }
  }
}

function addNew(seen: Set<number>, record: number): boolean {
  const isNew = !seen.has(record);
  seen.add(record);
  return isNew;
}

function* scanPlan(file: SqliteFile, plan: ScanPlan): Generator<Documents> {
  const { index } = plan;
  if (index === undefined) return yield* readAll(file, plan);
  const ranges = plan.backward ? plan.ranges.toReversed() : plan.ranges;
  if (plan.unique) return yield* readKeys(file, plan, index, ranges);
  for (const range of ranges) yield* readRange(file, plan, index, range);
}

function* readAll(file: SqliteFile, plan: ScanPlan): Generator<Documents> {
  const sql = selectAll(plan.collection, plan.backward);
  const size = new ChunkSize(plan.firstRows);
  let last = plan.backward ? BEHIND_LAST_RECORD : BEFORE_FIRST_RECORD;
  for (;;) {
    plan.collection.assertNotDropped();
    const chunk = size.read((rows) => readChunk(file, sql, last, rows));
    yield chunk.documents;
    if (chunk.documents.length < size.rows) return;
    last = chunk.documents.at(-1)?.record ?? last;
    size.adaptTo(chunk);
  }
}

function* readRange(
  file: SqliteFile,
  plan: ScanPlan,
  index: StoredIndex,
  { low, high }: KeyRange,
): Generator<Documents> {
  const sql = selectRange(plan.collection, index, plan.backward);
  const size = new ChunkSize(plan.firstRows);
  const end = plan.backward ? low : high;
  let lastKey = plan.backward ? high : low;
  let lastRecord = BEFORE_FIRST_RECORD;
  for (;;) {
    plan.collection.assertNotDropped(index);
    const chunk = size.read((rows) => readChunk(file, sql, lastKey, lastRecord, end, rows));
    yield chunk.documents;
    if (chunk.documents.length < size.rows) return;
    lastKey = chunk.lastKey ?? lastKey;
    lastRecord = chunk.documents.at(-1)?.record ?? lastRecord;
    size.adaptTo(chunk);
  }
}

/** Several keys share a statement, because its execution takes as long as reading two documents. */
function* readKeys(
  file: SqliteFile,
  plan: ScanPlan,
  index: StoredIndex,
  points: readonly KeyRange[],
): Generator<Documents> {
  // A complete key is the beginning of no other, so it is all that its range holds.
  const keys = points.map(({ low }) => low);
  const size = new ChunkSize(plan.firstRows);
  let next = 0;
  while (next < keys.length) {
    plan.collection.assertNotDropped(index);
    const chunk = size.read((rows) => {
      const parameters = toPowerOfTwo(keys.slice(next, next + rows));
      return readChunk(
        file,
        selectKeys(plan.collection, index, plan.backward, parameters.length),
        ...parameters,
      );
    });
    next += size.rows;
    yield chunk.documents;
    size.adaptTo(chunk);
  }
}

/** Repeats a key, which changes nothing, so that there are few different statements. */
function toPowerOfTwo(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  const missing = 2 ** Math.ceil(Math.log2(keys.length)) - keys.length;
  return [...keys, ...keys.slice(0, 1).flatMap((key) => Array<Uint8Array>(missing).fill(key))];
}
