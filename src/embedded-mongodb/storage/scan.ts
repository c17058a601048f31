/**
 * Reads the documents of a plan in chunks. Between chunks it holds nothing open in SQLite, so a scan can rest
 * while other commands write, and then go on after the last key it has seen. Documents written meanwhile may
 * or may not appear, as in MongoDB.
 */
import type { Collection, StoredDocument } from './collection.ts';
import type { StoredIndex } from './indexes/stored-index.ts';
import type { KeyRange } from './keys/key-range.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

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

const MAX_CHUNK_ROWS = 256;
/** The target size of a chunk. The rows of one chunk predict how many fit into the next. */
const CHUNK_BYTES = 1024 * 1024;

/** The documents of several plans, each document once. */
export function* scan(file: SqliteFile, plans: readonly ScanPlan[]): Generator<StoredDocument> {
  const [only] = plans;
  if (only !== undefined && plans.length === 1 && only.index?.multikey !== true) {
    yield* scanPlan(file, only);
    return;
  }
  const seen = new Set<number>();
  for (const plan of plans) {
    for (const document of scanPlan(file, plan)) {
      if (seen.has(document.record)) continue;
      seen.add(document.record);
      yield document;
    }
  }
}

function* scanPlan(file: SqliteFile, plan: ScanPlan): Generator<StoredDocument> {
  const { index } = plan;
  if (index === undefined) return yield* readAll(file, plan);
  const ranges = plan.backward ? plan.ranges.toReversed() : plan.ranges;
  for (const range of ranges) yield* readRange(file, plan, index, range);
}

function* readAll(file: SqliteFile, plan: ScanPlan): Generator<StoredDocument> {
  const { documentsTable } = plan.collection;
  // For the `+ 0` see `statement`.
  const sql = `SELECT record, body FROM ${documentsTable} WHERE record > ? ORDER BY record LIMIT ? + 0`;
  let last = 0;
  let limit = plan.firstRows;
  for (;;) {
    plan.collection.assertNotDropped();
    const rows = file.all(sql, last, limit);
    for (const row of rows) {
      last = Number(row['record']);
      yield stored(row);
    }
    if (rows.length < limit) return;
    limit = nextLimit(rows);
  }
}

function* readRange(
  file: SqliteFile,
  plan: ScanPlan,
  index: StoredIndex,
  range: KeyRange,
): Generator<StoredDocument> {
  const first = statement(plan, index, false);
  const next = statement(plan, index, true);
  let limit = plan.unique ? 1 : plan.firstRows;
  plan.collection.assertNotDropped(index);
  let rows = file.all(first, range.low, range.high, limit);
  for (;;) {
    for (const row of rows) yield stored(row);
    const last = rows.at(-1);
    if (last === undefined || plan.unique || rows.length < limit) return;
    limit = nextLimit(rows);
    const key = last['key'] as Uint8Array;
    plan.collection.assertNotDropped(index);
    rows = file.all(next, range.low, range.high, key, Number(last['record']), limit);
  }
}

/** Selects the first chunk of a range, or the chunk after a key and record. */
function statement(plan: ScanPlan, index: StoredIndex, further: boolean): string {
  const order = plan.backward ? 'DESC' : 'ASC';
  const beyond = plan.backward ? '<' : '>';
  // A bare `LIMIT ?` would make SQLite prepare the statement again whenever a value is bound.
  const limit = further ? '?5 + 0' : '?3 + 0';
  const { documentsTable } = plan.collection;
  if (index.isIdIndex) {
    // Keys are unique here. ?4 only takes the parameter that other indexes need.
    const behind = further ? `AND id ${beyond} ?3 AND ?4 = ?4` : '';
    return `SELECT id AS key, record, body FROM ${documentsTable}
      WHERE id >= ?1 AND id < ?2 ${behind} ORDER BY id ${order} LIMIT ${limit}`;
  }
  const behind = further ? `AND (i.key, i.record) ${beyond} (?3, ?4)` : '';
  // With CROSS JOIN SQLite keeps the order of the tables, and walks the index.
  return `SELECT i.key AS key, i.record AS record, d.body AS body
    FROM ${index.table} i CROSS JOIN ${documentsTable} d ON d.record = i.record
    WHERE i.key >= ?1 AND i.key < ?2 ${behind} ORDER BY i.key ${order}, i.record ${order} LIMIT ${limit}`;
}

function stored(row: Row): StoredDocument {
  return { record: Number(row['record']), bytes: row['body'] as Uint8Array };
}

function nextLimit(rows: readonly Row[]): number {
  let bytes = 0;
  for (const row of rows) bytes += (row['body'] as Uint8Array).length;
  const fitting = Math.floor(CHUNK_BYTES / Math.max(1, bytes / rows.length));
  return Math.max(1, Math.min(MAX_CHUNK_ROWS, fitting));
}
