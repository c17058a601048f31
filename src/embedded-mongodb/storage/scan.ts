/**
 * Reads the documents of a plan, a chunk at a time. Between chunks nothing is held open in SQLite, so a
 * scan can rest while other commands write and go on after the last key it has seen; what was written
 * meanwhile may or may not appear, as in MongoDB.
 */
import { CommandError } from '../errors.ts';
import type { KeyRange } from '../query/bounds.ts';
import type { Plan } from '../query/planner.ts';
import type { Collection, StoredDocument, StoredIndex } from './collection.ts';
import type { Row, SqliteFile } from './sqlite.ts';

const MAX_CHUNK_ROWS = 256;
/** A chunk is meant to stay below this; the rows of the one before tell how many fit. */
const CHUNK_BYTES = 1024 * 1024;
/** Takes some tenths of a millisecond. */
const COUNTED_KEYS = 1000;
/** Records are counted from 1. */
const NO_RECORD = 0;

/** The documents of several plans, each document once. */
export function* scan(file: SqliteFile, plans: readonly Plan[]): Generator<StoredDocument> {
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

function* scanPlan(file: SqliteFile, plan: Plan): Generator<StoredDocument> {
  if (plan.index === undefined) return yield* readAll(file, plan);
  const ranges = plan.backward ? plan.ranges.toReversed() : plan.ranges;
  for (const range of ranges) yield* readRange(file, plan, range);
}

function* readAll(file: SqliteFile, plan: Plan): Generator<StoredDocument> {
  const sql = `SELECT record, body FROM ${plan.collection.documentsTable} WHERE record > ? ORDER BY record LIMIT ?`;
  let last = 0;
  let limit = plan.firstRows;
  for (;;) {
    assertThere(plan);
    const rows = file.all(sql, last, limit);
    for (const row of rows) {
      last = Number(row['record']);
      yield stored(row);
    }
    if (rows.length < limit) return;
    limit = nextLimit(rows);
  }
}

function* readRange(file: SqliteFile, plan: Plan, range: KeyRange): Generator<StoredDocument> {
  const first = statement(plan, false);
  const next = statement(plan, true);
  let limit = plan.unique ? 1 : plan.firstRows;
  assertThere(plan);
  let rows = file.all(first, range.low, range.high, limit);
  for (;;) {
    for (const row of rows) yield stored(row);
    const last = rows.at(-1);
    if (last === undefined || plan.unique || rows.length < limit) return;
    limit = nextLimit(rows);
    const key = last['key'] as Uint8Array;
    assertThere(plan);
    rows = file.all(next, range.low, range.high, key, Number(last['record']), limit);
  }
}

/** How many keys of an index lie in a range, in parts to be added up; no document is read. */
export function* countKeys(
  file: SqliteFile,
  collection: Collection,
  index: StoredIndex,
  { low, high }: KeyRange,
): Generator<number> {
  const isId = index.id === 0;
  const table = isId ? collection.documentsTable : `index_${index.id}`;
  const key = isId ? 'id' : 'key';
  const part = `FROM ${table} WHERE (${key}, record) > (?1, ?2) AND ${key} < ?3 ORDER BY ${key}, record`;
  const last = `SELECT ${key} AS key, record ${part} LIMIT 1 OFFSET ${COUNTED_KEYS - 1}`;
  const rest = `SELECT count(*) AS count ${part}`;
  let [behindKey, behindRecord] = [low, NO_RECORD];
  for (;;) {
    assertThere({ collection, index });
    const row = file.get(last, behindKey, behindRecord, high);
    if (row === undefined) break;
    yield COUNTED_KEYS;
    [behindKey, behindRecord] = [row['key'] as Uint8Array, Number(row['record'])];
  }
  yield Number(file.get(rest, behindKey, behindRecord, high)?.['count']);
}

/** The first chunk of a range, or the one behind a key and record. */
function statement(plan: Plan, further: boolean): string {
  const order = plan.backward ? 'DESC' : 'ASC';
  const beyond = plan.backward ? '<' : '>';
  const limit = further ? '?5' : '?3';
  const { documentsTable } = plan.collection;
  if (plan.index?.id === 0) {
    const behind = further ? `AND id ${beyond} ?3 AND ?4 = ?4` : '';
    return `SELECT id AS key, record, body FROM ${documentsTable}
      WHERE id >= ?1 AND id < ?2 ${behind} ORDER BY id ${order} LIMIT ${limit}`;
  }
  const behind = further ? `AND (i.key, i.record) ${beyond} (?3, ?4)` : '';
  // CROSS JOIN: SQLite keeps the order of the tables, so it walks the index.
  return `SELECT i.key AS key, i.record AS record, d.body AS body
    FROM index_${plan.index?.id} i CROSS JOIN ${documentsTable} d ON d.record = i.record
    WHERE i.key >= ?1 AND i.key < ?2 ${behind} ORDER BY i.key ${order}, i.record ${order} LIMIT ${limit}`;
}

/** While a scan rested its collection or index may have been dropped. */
function assertThere({ collection, index }: Pick<Plan, 'collection' | 'index'>): void {
  if (
    !collection.dropped &&
    (index === undefined || collection.indexes.some((other) => other.id === index.id))
  )
    return;
  throw new CommandError(
    'QueryPlanKilled',
    `collection or index dropped during the query: ${collection.namespace}`,
  );
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
