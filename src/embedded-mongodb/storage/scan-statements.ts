/**
 * The statements that scans read with. Each gives one row for many documents: `records` has their numbers,
 * with commas between them, and `bytes` has their BSON, one document behind the other. SQLite keeps the order
 * of the inner statement, because group_concat depends on it.
 */
import type { Collection } from './collection.ts';
import type { StoredIndex } from './indexes/stored-index.ts';

/** Parameters: the record to go on behind, and how many documents. */
export function selectAll({ documentsTable }: Collection, backward: boolean): string {
  return joined(
    '',
    `SELECT record, body AS bytes FROM ${documentsTable}
      WHERE record ${backward ? '<' : '>'} ?1 ORDER BY record ${directionOf(backward)} LIMIT ${limitedBy('?2')}`,
  );
}

/**
 * Also selects `lastKey`. Parameters: the key and record to go on behind, the other end of the range, and how
 * many documents.
 */
export function selectRange(collection: Collection, index: StoredIndex, backward: boolean): string {
  const { tables, key, record, bytes } = columnsOf(collection, index);
  // The key to go on behind is the only bound on this side, so that SQLite begins there.
  const within = backward
    ? `(${key}, ${record}) < (?1, ?2) AND ${key} >= ?3`
    : `(${key}, ${record}) > (?1, ?2) AND ${key} < ?3`;
  const direction = directionOf(backward);
  return joined(
    backward ? ', min(key) AS lastKey' : ', max(key) AS lastKey',
    `SELECT ${key} AS key, ${record} AS record, ${bytes} AS bytes FROM ${tables}
      WHERE ${within} ORDER BY ${key} ${direction}, ${record} ${direction} LIMIT ${limitedBy('?4')}`,
  );
}

/** Parameters: that many keys. */
export function selectKeys(
  collection: Collection,
  index: StoredIndex,
  backward: boolean,
  count: number,
): string {
  const { tables, key, record, bytes } = columnsOf(collection, index);
  // One document needs not be joined.
  if (count === 1) return `SELECT ${record} AS records, ${bytes} AS bytes FROM ${tables} WHERE ${key} = ?`;
  return joined(
    '',
    `SELECT ${record} AS record, ${bytes} AS bytes FROM ${tables}
      WHERE ${key} IN (${Array(count).fill('?').join()}) ORDER BY ${key} ${directionOf(backward)}`,
  );
}

/** The cast changes no byte: SQLite takes a BLOB for text, and text for a BLOB, as it is. */
function joined(more: string, select: string): string {
  return `SELECT group_concat(record) AS records, CAST(group_concat(bytes, '') AS BLOB) AS bytes${more}
    FROM (${select})`;
}

interface Columns {
  readonly tables: string;
  readonly key: string;
  readonly record: string;
  readonly bytes: string;
}

function columnsOf({ documentsTable }: Collection, index: StoredIndex): Columns {
  if (index.isIdIndex) return { tables: documentsTable, key: 'id', record: 'record', bytes: 'body' };
  return {
    // With CROSS JOIN SQLite keeps the order of the tables, and walks the index.
    tables: `${index.table} i CROSS JOIN ${documentsTable} d ON d.record = i.record`,
    key: 'i.key',
    record: 'i.record',
    bytes: 'd.body',
  };
}

function directionOf(backward: boolean): string {
  return backward ? 'DESC' : 'ASC';
}

/** Beside a bare `LIMIT ?`, SQLite would prepare the statement again whenever a value is bound. */
function limitedBy(parameter: string): string {
  return `${parameter} + 0`;
}
