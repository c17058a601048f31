/**
 * The SQLite file of the embedded database. It is locked for one server alone and syncs to the disk at each
 * commit. Prepared statements are kept by their text. Only the database's thread uses it.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import {
  DatabaseSync,
  type SQLInputValue,
  type StatementResultingChanges,
  type StatementSync,
} from 'node:sqlite';
import { makeDataDirectory } from '../../platform/data-directory.ts';
import { MAX_DOCUMENT_BYTES } from '../bson/value.ts';
import { EmbeddedDatabaseError } from '../embedded-database-error.ts';
import { prepareFile } from './layout.ts';
import { assertNotLost, markPresence } from './presence-marker.ts';
import { isBusy, isDiskFull } from './sqlite-errors.ts';

const FILE_NAME = 'cloudvm.sqlite';
const OWNER_ONLY = 0o600;
/** Each statement names its table, so their number grows with the collections and indexes. */
const MAX_STATEMENTS = 500;
/**
 * Of a value and of a row. The largest row has a document, and the key of its _id, which is at most twice as
 * long as the BSON. A larger chunk of documents is read in parts (chunk.ts).
 */
const MAX_VALUE_BYTES = 4 * MAX_DOCUMENT_BYTES;

export type Row = Record<string, null | number | bigint | string | Uint8Array>;

export class SqliteFile implements Disposable {
  readonly path: string;
  /** Whether the whole file was checked for damage when it was opened. */
  readonly isChecked: boolean;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inTransaction = false;
  /** The error with which SQLite rolled the whole transaction back by itself, as it may on a full disk. */
  #undoneBy: unknown;

  /** @throws EmbeddedDatabaseError DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_UNUSABLE */
  constructor(dataDirectory: string) {
    this.path = join(dataDirectory, FILE_NAME);
    try {
      makeDataDirectory(dataDirectory);
      assertNotLost(this.path);
      closeToOthers(this.path);
      const limits = { length: MAX_VALUE_BYTES };
      this.#database = new DatabaseSync(this.path, { timeout: 0, defensive: true, limits });
    } catch (error) {
      throw unusableFile(this.path, error);
    }
    try {
      this.isChecked = prepareFile(this.#database);
      markPresence(this.path);
    } catch (error) {
      this.#database.close();
      throw isBusy(error) ? inUse(dataDirectory) : unusableFile(this.path, error);
    }
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** Starts a transaction if none is open. */
  begin(): void {
    if (this.#inTransaction) {
      this.#assertNotUndone();
      return;
    }
    this.#statement('BEGIN IMMEDIATE').run();
    this.#inTransaction = true;
  }

  /** Returns when everything since `begin` is on the disk. */
  commit(): void {
    if (!this.#inTransaction) return;
    this.#assertNotUndone();
    this.#statement('COMMIT').run();
    this.#inTransaction = false;
  }

  rollback(): void {
    this.#inTransaction = false;
    this.#undoneBy = undefined;
    // After a full disk or an I/O error SQLite has rolled back already.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  /** Runs `work` in a savepoint of the open transaction, so that all of it takes effect or nothing. */
  atomically<Result>(work: () => Result): Result {
    this.begin();
    this.#statement('SAVEPOINT work').run();
    try {
      const result = work();
      this.#statement('RELEASE work').run();
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

  run(sql: string, ...values: SQLInputValue[]): StatementResultingChanges {
    return this.#statement(sql).run(...values);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** Copies the write-ahead log into the file and closes it. On a full disk the log stays. */
  [Symbol.dispose](): void {
    if (!this.#database.isOpen) return;
    this.#statements.clear();
    try {
      this.rollback();
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      // No data is lost: the next start reads the log.
      if (!isDiskFull(error)) throw error;
    } finally {
      this.#database.close();
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Earlier writes of the transaction are lost, so a later one must not be committed without them. */
  #assertNotUndone(): void {
    if (this.#undoneBy !== undefined) throw this.#undoneBy;
  }
}

/** The file exists, but cannot be opened or read as a database. */
export function unusableFile(file: string, error: unknown): EmbeddedDatabaseError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EmbeddedDatabaseError(
    'DATA_DIRECTORY_UNUSABLE',
    `The database file ${file} cannot be opened: ${reason}`,
    error,
  );
}

function inUse(dataDirectory: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'DATA_DIRECTORY_IN_USE',
    `The data directory ${dataDirectory} is in use by another embedded database. ` +
      'Stop that one or choose another DATA_DIR. ' +
      'To share one database, start it with npm run database and set MONGODB_URI to the URI it prints.',
  );
}

/** Nobody else on the machine may read the data. SQLite gives its write-ahead log the same mode. */
function closeToOthers(file: string): void {
  closeSync(openSync(file, 'a', OWNER_ONLY));
  chmodSync(file, OWNER_ONLY);
}
