/**
 * The statements that scans read with. Each row that they select is a StoredDocument. A row of a range also
 * has its key, because the next statement goes on behind it.
 */
import type { Collection } from './collection.ts';
import type { StoredIndex } from './indexes/stored-index.ts';

/** Parameters: the record to go on behind, and how many rows. */
export function selectAll({ documentsTable }: Collection): string {
  return `SELECT record, body AS bytes FROM ${documentsTable}
    WHERE record > ?1 ORDER BY record LIMIT ${limitedBy('?2')}`;
}

/** Parameters: the key and record to go on behind, the other end of the range, and how many rows. */
export function selectRange(collection: Collection, index: StoredIndex, backward: boolean): string {
  const { tables, key, record, bytes } = columnsOf(collection, index);
  // The key to go on behind is the only bound on this side, so that SQLite begins there.
  const within = backward
    ? `(${key}, ${record}) < (?1, ?2) AND ${key} >= ?3`
    : `(${key}, ${record}) > (?1, ?2) AND ${key} < ?3`;
  const direction = directionOf(backward);
  return `SELECT ${key} AS key, ${record} AS record, ${bytes} AS bytes FROM ${tables}
    WHERE ${within} ORDER BY ${key} ${direction}, ${record} ${direction} LIMIT ${limitedBy('?4')}`;
}

/** Parameters: that many keys. */
export function selectKeys(
  collection: Collection,
  index: StoredIndex,
  backward: boolean,
  count: number,
): string {
  const { tables, key, record, bytes } = columnsOf(collection, index);
  return `SELECT ${record} AS record, ${bytes} AS bytes FROM ${tables}
    WHERE ${key} IN (${Array(count).fill('?').join()}) ORDER BY ${key} ${directionOf(backward)}`;
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
