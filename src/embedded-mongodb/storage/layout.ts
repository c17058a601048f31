/**
 * The layout of the SQLite file: its header, its settings and the two tables of the catalog. Collections and
 * indexes add their own tables (collection.ts, indexes/stored-index.ts). SqliteFile calls it once, when it
 * opens the file.
 */
import type { DatabaseSync } from 'node:sqlite';
import { checkFile, MAX_CHECKED_BYTES } from './file-check.ts';

/** "CVMD" in the file's header marks the files of this database. */
const APPLICATION_ID = 0x43564d44;
/** Changes with the tables and with the encoding of keys. */
const LAYOUT_VERSION = 1;
const PAGE_CACHE_KIB = 32 * 1024;
/** SQLite copies the write-ahead log into the file once it has this many pages of 4 KiB. */
const CHECKPOINT_PAGES = 2000;

/**
 * Locks the file for this server alone. A file that is refused is left as it is.
 * @returns whether the whole file was checked for damage
 * @throws Error if it is in use, not one of ours, or damaged
 */
export function prepareFile(database: DatabaseSync): boolean {
  const { isNew, isChecked } = lockAndCheck(database);
  configure(database);
  database.exec('BEGIN IMMEDIATE');
  if (isNew) writeHeader(database);
  createCatalogTables(database);
  database.exec('COMMIT');
  return isChecked;
}

/** Writes nothing. */
function lockAndCheck(database: DatabaseSync): { isNew: boolean; isChecked: boolean } {
  // Set before anything is read. The lock is held until the process ends, however it ends.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('BEGIN EXCLUSIVE');
  const isNew = checkHeader(database);
  const isChecked = isNew || checkFile(database, MAX_CHECKED_BYTES);
  database.exec('COMMIT');
  return { isNew, isChecked };
}

function configure(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec(`PRAGMA cache_size = -${PAGE_CACHE_KIB}`);
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.exec('PRAGMA temp_store = MEMORY');
}

/** @returns whether the file is empty */
function checkHeader(database: DatabaseSync): boolean {
  const applicationId = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'];
  if (applicationId === 0 && tables === 0) return true;
  if (applicationId !== APPLICATION_ID)
    throw new Error('it is an SQLite database, but not an embedded database of this application');
  if (version !== LAYOUT_VERSION)
    throw new Error(`it has layout version ${version}, and this program reads version ${LAYOUT_VERSION}`);
  return false;
}

function writeHeader(database: DatabaseSync): void {
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  database.exec(`PRAGMA user_version = ${LAYOUT_VERSION}`);
}

function createCatalogTables(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS collections (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      database TEXT NOT NULL,
      name TEXT NOT NULL,
      uuid BLOB NOT NULL,
      UNIQUE (database, name)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS indexes (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      collection INTEGER NOT NULL REFERENCES collections (id),
      name TEXT NOT NULL,
      specification BLOB NOT NULL,
      multikey INTEGER NOT NULL,
      UNIQUE (collection, name)
    ) STRICT;
  `);
}

function pragma(database: DatabaseSync, name: string): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}
