/** Counts the keys of an index in a range without reading documents. Rests like a scan (scan.ts). */
import type { Collection } from './collection.ts';
import type { StoredIndex } from './indexes/stored-index.ts';
import type { KeyRange } from './keys/key-range.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** Counting these takes some tenths of a millisecond. */
const KEYS_PER_STEP = 1000;
/** SQLite counts records from 1. */
const BEFORE_FIRST_RECORD = 0;

/** Yields partial counts, to be added up. */
export function* countKeys(
  file: SqliteFile,
  collection: Collection,
  index: StoredIndex,
  { low, high }: KeyRange,
): Generator<number> {
  const table = index.isIdIndex ? collection.documentsTable : index.table;
  const key = index.isIdIndex ? 'id' : 'key';
  const part = `FROM ${table} WHERE (${key}, record) > (?1, ?2) AND ${key} < ?3 ORDER BY ${key}, record`;
  const countStep = `SELECT count(*) AS count FROM (SELECT 1 ${part} LIMIT ${KEYS_PER_STEP})`;
  const lastOfStep = `SELECT ${key} AS key, record ${part} LIMIT 1 OFFSET ${KEYS_PER_STEP - 1}`;
  let [lastKey, lastRecord] = [low, BEFORE_FIRST_RECORD];
  for (;;) {
    collection.assertNotDropped(index);
    const count = Number(file.get(countStep, lastKey, lastRecord, high)?.['count']);
    const last = count < KEYS_PER_STEP ? undefined : file.get(lastOfStep, lastKey, lastRecord, high);
    yield count;
    if (last === undefined) return;
    [lastKey, lastRecord] = [last['key'] as Uint8Array, Number(last['record'])];
  }
}
