/**
 * The SQLite file under the embedded database: opened for one server alone, in WAL mode with a sync at
 * each commit, with prepared statements kept by their text. Only the database's thread touches it.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { makeDataDirectory } from '../../platform/data-directory.ts';
import { EmbeddedDatabaseError } from '../errors.ts';

const FILE_NAME = 'cloudvm.sqlite';
const OWNER_ONLY = 0o600;
/** "CVMD" in the file's header tells our files from others; the version is that of the tables' layout. */
const APPLICATION_ID = 0x43564d44;
const LAYOUT_VERSION = 1;
const PAGE_CACHE_KIB = 32 * 1024;
/** The WAL is copied into the file when it has this many pages of 4 KiB. */
const CHECKPOINT_PAGES = 2000;
const MAX_STATEMENTS = 500;

export type Row = Record<string, null | number | bigint | string | Uint8Array>;

export class SqliteFile implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inTransaction = false;
  /** Why SQLite has undone the whole transaction by itself, as it may when the disk is full. */
  #undoneBy: unknown;

  /** @throws EmbeddedDatabaseError DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_UNUSABLE */
  constructor(dataDirectory: string) {
    const file = join(dataDirectory, FILE_NAME);
    try {
      makeDataDirectory(dataDirectory);
      closeToOthers(file);
      this.#database = new DatabaseSync(file, { timeout: 0, defensive: true });
    } catch (error) {
      throw unusable(file, error);
    }
    try {
      this.#configure();
    } catch (error) {
      this.#database.close();
      throw isBusy(error) ? inUse(dataDirectory) : unusable(file, error);
    }
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  begin(): void {
    if (this.#inTransaction) {
      this.#assertNotUndone();
      return;
    }
    this.statement('BEGIN IMMEDIATE').run();
    this.#inTransaction = true;
  }

  /** Returns when everything since `begin` is on the disk. */
  commit(): void {
    if (!this.#inTransaction) return;
    this.#assertNotUndone();
    this.statement('COMMIT').run();
    this.#inTransaction = false;
  }

  rollback(): void {
    this.#inTransaction = false;
    this.#undoneBy = undefined;
    // A full disk or an I/O error has rolled back already.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  /** All of `work` or nothing of it, inside the transaction that is open. */
  atomically<Result>(work: () => Result): Result {
    this.begin();
    this.statement('SAVEPOINT work').run();
    try {
      const result = work();
      this.statement('RELEASE work').run();
      return result;
    } catch (error) {
      if (this.#database.isTransaction) {
        this.#database.exec('ROLLBACK TO work');
        this.#database.exec('RELEASE work');
      } else {
        this.#undoneBy ??= error;
      }
      throw error;
    }
  }

  run(
    sql: string,
    ...values: SQLInputValue[]
  ): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.statement(sql).run(...values);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.statement(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.statement(sql).all(...values);
  }

  /** Statements name their table, so there are as many as collections and indexes times a few. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= MAX_STATEMENTS) this.forgetStatements();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  forgetStatements(): void {
    this.#statements.clear();
  }

  /** Copies the WAL into the file, empties it and closes both; on a full disk the WAL stays. */
  [Symbol.dispose](): void {
    if (!this.#database.isOpen) return;
    this.forgetStatements();
    try {
      this.rollback();
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      // Nothing is lost: the next start goes on with the WAL as it is.
      if (!isDiskFull(error)) throw error;
    } finally {
      this.#database.close();
    }
  }

  /** What else belonged to the transaction is lost too, and nothing may be written as if it were not. */
  #assertNotUndone(): void {
    if (this.#undoneBy !== undefined) throw this.#undoneBy;
  }

  #configure(): void {
    // Taken before anything is read, and held to the end: a second server is refused, and the lock goes
    // with the process, however it ends.
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE');
    this.#database.exec('PRAGMA journal_mode = WAL');
    this.#database.exec('PRAGMA synchronous = FULL');
    this.#database.exec(`PRAGMA cache_size = -${PAGE_CACHE_KIB}`);
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.#database.exec('PRAGMA temp_store = MEMORY');
    this.#database.exec('BEGIN IMMEDIATE');
    this.#checkHeader();
    this.#database.exec(`
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
    this.#database.exec('COMMIT');
  }

  #checkHeader(): void {
    const applicationId = this.#pragma('application_id');
    const version = this.#pragma('user_version');
    const tables = this.#database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'];
    if (applicationId === 0 && tables === 0) {
      this.#database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      this.#database.exec(`PRAGMA user_version = ${LAYOUT_VERSION}`);
    } else if (applicationId !== APPLICATION_ID || version !== LAYOUT_VERSION) {
      throw new Error(`it is no embedded database of layout version ${LAYOUT_VERSION}`);
    }
  }

  #pragma(name: string): unknown {
    return this.#database.prepare(`PRAGMA ${name}`).get()?.[name];
  }
}

/** SQLite's result codes (https://www.sqlite.org/rescode.html), as node:sqlite attaches them. */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

export function isUniqueViolation(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_CONSTRAINT_PRIMARYKEY || code === SQLITE_CONSTRAINT_UNIQUE;
}

export function isDiskFull(error: unknown): boolean {
  return resultCode(error) === SQLITE_FULL;
}

function isBusy(error: unknown): boolean {
  return (resultCode(error) ?? 0) % 256 === SQLITE_BUSY;
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

function inUse(dataDirectory: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'DATA_DIRECTORY_IN_USE',
    `The data directory ${dataDirectory} is in use by another embedded database. ` +
      'Stop that one, choose another DATA_DIR, or share one database: npm run database, and its address as MONGODB_URI.',
  );
}

/** It holds what nobody else on the machine may read, whoever made the directory; SQLite gives its journal the same mode. */
function closeToOthers(file: string): void {
  closeSync(openSync(file, 'a', OWNER_ONLY));
  chmodSync(file, OWNER_ONLY);
}

function unusable(file: string, error: unknown): EmbeddedDatabaseError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EmbeddedDatabaseError(
    'DATA_DIRECTORY_UNUSABLE',
    `The database ${file} cannot be opened: ${reason}`,
    error,
  );
}
