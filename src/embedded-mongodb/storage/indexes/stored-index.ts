/**
 * One index of a collection and its table of keys. SQLite's primary key of that table enforces uniqueness. A
 * collection changes its documents and the keys of its indexes together.
 */
import { Int32 } from 'bson';
import { encode } from '../../bson/codec.ts';
import type { SqliteFile } from '../sqlite-file.ts';
import { type IndexDefinition, parseIndexDefinition } from './index-definition.ts';

export interface IndexIdentity {
  readonly id: number;
  readonly definition: IndexDefinition;
  readonly multikey: boolean;
}

/** Every collection has this index. Its keys are a column of the documents' own table. */
export const ID_INDEX = parseIndexDefinition({
  v: new Int32(2),
  key: { _id: new Int32(1) },
  name: '_id_',
});
/** SQLite counts the other indexes from 1. */
const ID_INDEX_NUMBER = 0;

export class StoredIndex {
  readonly id: number;
  readonly definition: IndexDefinition;
  readonly #file: SqliteFile;
  #multikey: boolean;

  constructor(file: SqliteFile, { id, definition, multikey }: IndexIdentity) {
    this.#file = file;
    this.id = id;
    this.definition = definition;
    this.#multikey = multikey;
  }

  static onId(file: SqliteFile): StoredIndex {
    return new StoredIndex(file, { id: ID_INDEX_NUMBER, definition: ID_INDEX, multikey: false });
  }

  /** Declares an index without keys, inside the caller's transaction. */
  static create(file: SqliteFile, collection: number, definition: IndexDefinition): StoredIndex {
    const sql = 'INSERT INTO indexes (collection, name, specification, multikey) VALUES (?, ?, ?, 0)';
    const { lastInsertRowid } = file.run(sql, collection, definition.name, encode(definition.specification));
    const index = new StoredIndex(file, { id: Number(lastInsertRowid), definition, multikey: false });
    // A unique index holds each key once. In any other, the record tells equal keys apart.
    const primaryKey = definition.unique ? 'key' : 'key, record';
    file.run(
      `CREATE TABLE ${index.table} (
        key BLOB NOT NULL,
        record INTEGER NOT NULL,
        PRIMARY KEY (${primaryKey})
      ) STRICT, WITHOUT ROWID`,
    );
    return index;
  }

  get table(): string {
    return `index_${this.id}`;
  }

  get isIdIndex(): boolean {
    return this.id === ID_INDEX_NUMBER;
  }

  /** Some document has, or had, more than one key here. See query/planner.ts for what that rules out. */
  get multikey(): boolean {
    return this.#multikey;
  }

  /** @throws SQLite's unique violation */
  addKeys(keys: readonly Uint8Array[], record: number): void {
    for (const key of keys)
      this.#file.run(`INSERT INTO ${this.table} (key, record) VALUES (?, ?)`, key, record);
  }

  removeKeys(keys: readonly Uint8Array[], record: number): void {
    for (const key of keys) {
      this.#file.run(`DELETE FROM ${this.table} WHERE key = ? AND record = ?`, key, record);
    }
  }

  markMultikey(): void {
    if (this.#multikey) return;
    this.#file.run('UPDATE indexes SET multikey = 1 WHERE id = ?', this.id);
    this.#multikey = true;
  }

  /** Inside the caller's transaction. */
  drop(): void {
    this.#file.run(`DROP TABLE ${this.table}`);
    this.#file.run('DELETE FROM indexes WHERE id = ?', this.id);
  }
}
