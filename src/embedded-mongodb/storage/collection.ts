/**
 * One collection: a table of documents in the order they came, and one table of keys for each index,
 * always changed together. Unique indexes are enforced by SQLite's primary keys. Database's thread only.
 */

import { equalValues } from '../bson/compare.ts';
import { type BsonDocument, decode, encode, encodeStored, Int32, type Value } from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { type IndexDefinition, MAX_INDEXES, parseIndexDefinition } from './index-definition.ts';
import { type IndexKeys, indexKeys, keyValue } from './index-keys.ts';
import { encodeValue } from './key.ts';
import { isUniqueViolation, type SqliteFile } from './sqlite.ts';
import { assertStorable } from './storable.ts';

export interface CollectionIdentity {
  readonly id: number;
  readonly database: string;
  readonly name: string;
  readonly uuid: Uint8Array;
}

export interface StoredIndex {
  readonly id: number;
  readonly definition: IndexDefinition;
  /** Some document has (or had) more than one key here: see query/planner.ts for what that forbids. */
  multikey: boolean;
}

/** A document with its place in the collection. */
export interface StoredDocument {
  readonly record: number;
  readonly bytes: Uint8Array;
}

/** The index that every collection has; its keys are a column of the documents' own table. */
export const ID_INDEX = parseIndexDefinition({
  v: new Int32(2),
  key: { _id: new Int32(1) },
  name: '_id_',
});
const ID_INDEX_NUMBER = 0;

export class Collection {
  readonly id: number;
  readonly database: string;
  readonly name: string;
  readonly uuid: Uint8Array;
  /** Scans that were suspended find out here that their tables are gone. */
  dropped = false;
  readonly #file: SqliteFile;
  #indexes: StoredIndex[];

  constructor(file: SqliteFile, identity: CollectionIdentity, secondary: readonly StoredIndex[]) {
    this.#file = file;
    this.id = identity.id;
    this.database = identity.database;
    this.name = identity.name;
    this.uuid = identity.uuid;
    this.#indexes = [{ id: ID_INDEX_NUMBER, definition: ID_INDEX, multikey: false }, ...secondary];
  }

  static create(file: SqliteFile, identity: CollectionIdentity): Collection {
    file.run(
      `CREATE TABLE documents_${identity.id} (
        record INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE,
        body BLOB NOT NULL
      ) STRICT`,
    );
    return new Collection(file, identity, []);
  }

  get namespace(): string {
    return `${this.database}.${this.name}`;
  }

  get documentsTable(): string {
    return `documents_${this.id}`;
  }

  /** The index on _id first, then the others as they were declared. */
  get indexes(): readonly StoredIndex[] {
    return this.#indexes;
  }

  /** @throws CommandError DuplicateKey, BadValue, BSONObjectTooLarge */
  insert(document: BsonDocument, bytes: Uint8Array): void {
    assertStorable(document, bytes);
    const entries = this.#entries(document);
    this.#file.atomically(() => {
      const record = this.#insertDocument(document, bytes);
      for (const { index, keys } of entries) this.#addKeys(index, keys.keys, record, document);
    });
    this.#noteMultikey(entries);
  }

  /** Puts `after` in the place of `before`; both have the same _id. */
  replace(record: number, before: BsonDocument, after: BsonDocument): void {
    const bytes = encodeStored(after);
    assertStorable(after, bytes);
    const entries = this.#entries(after);
    this.#file.atomically(() => {
      this.#file.run(`UPDATE ${this.documentsTable} SET body = ? WHERE record = ?`, bytes, record);
      for (const { index, keys } of entries) {
        const old = indexKeys(index.definition, before).keys;
        this.#removeKeys(index, difference(old, keys.keys), record);
        this.#addKeys(index, difference(keys.keys, old), record, after);
      }
    });
    this.#noteMultikey(entries);
  }

  remove(record: number, document: BsonDocument): void {
    this.#file.atomically(() => {
      for (const index of this.#secondary) {
        this.#removeKeys(index, indexKeys(index.definition, document).keys, record);
      }
      this.#file.run(`DELETE FROM ${this.documentsTable} WHERE record = ?`, record);
    });
  }

  read(record: number): Uint8Array | undefined {
    return this.#file.get(`SELECT body FROM ${this.documentsTable} WHERE record = ?`, record)?.['body'] as
      | Uint8Array
      | undefined;
  }

  count(): number {
    return Number(this.#file.get(`SELECT count(*) AS count FROM ${this.documentsTable}`)?.['count']);
  }

  /** Bytes of all documents, for `collStats`. */
  size(): number {
    return Number(this.#file.get(`SELECT total(length(body)) AS size FROM ${this.documentsTable}`)?.['size']);
  }

  findIndex(name: string): StoredIndex | undefined {
    return this.#indexes.find((index) => index.definition.name === name);
  }

  /**
   * Declares an index and fills it, in one go: meant for the start of an application, when its
   * collections are small or the index is there already.
   * @returns false if the same index exists
   */
  createIndex(definition: IndexDefinition): boolean {
    if (this.#isDeclared(definition)) return false;
    if (this.#indexes.length >= MAX_INDEXES) {
      throw new CommandError(
        'CannotCreateIndex',
        `too many indexes for ${this.namespace}: at most ${MAX_INDEXES}`,
      );
    }
    const index = this.#file.atomically(() => {
      const sql = 'INSERT INTO indexes (collection, name, specification, multikey) VALUES (?, ?, ?, 0)';
      const result = this.#file.run(sql, this.id, definition.name, encode(definition.specification));
      const created: StoredIndex = { id: Number(result.lastInsertRowid), definition, multikey: false };
      // A key of a unique index stands once; in others the record tells equal keys apart.
      const primaryKey = definition.unique ? 'key' : 'key, record';
      this.#file.run(
        `CREATE TABLE index_${created.id} (
          key BLOB NOT NULL,
          record INTEGER NOT NULL,
          PRIMARY KEY (${primaryKey})
        ) STRICT, WITHOUT ROWID`,
      );
      this.#fill(created);
      return created;
    });
    this.#indexes = [...this.#indexes, index];
    return true;
  }

  dropIndex(index: StoredIndex): void {
    this.#file.atomically(() => this.#dropIndexTable(index));
    this.#indexes = this.#indexes.filter((other) => other !== index);
  }

  /** Inside the catalog's transaction. */
  dropTables(): void {
    for (const index of this.#secondary) this.#dropIndexTable(index);
    this.#file.run(`DROP TABLE ${this.documentsTable}`);
  }

  get #secondary(): readonly StoredIndex[] {
    return this.#indexes.slice(1);
  }

  #entries(document: BsonDocument): { index: StoredIndex; keys: IndexKeys }[] {
    return this.#secondary.map((index) => ({ index, keys: indexKeys(index.definition, document) }));
  }

  #insertDocument(document: BsonDocument, bytes: Uint8Array): number {
    const sql = `INSERT INTO ${this.documentsTable} (id, body) VALUES (?, ?)`;
    try {
      return Number(this.#file.run(sql, encodeValue(document['_id']), bytes).lastInsertRowid);
    } catch (error) {
      throw isUniqueViolation(error) ? this.#duplicateKey(ID_INDEX, document) : error;
    }
  }

  #addKeys(index: StoredIndex, keys: readonly Uint8Array[], record: number, document: BsonDocument): void {
    for (const key of keys) {
      try {
        this.#file.run(`INSERT INTO index_${index.id} (key, record) VALUES (?, ?)`, key, record);
      } catch (error) {
        throw isUniqueViolation(error) ? this.#duplicateKey(index.definition, document) : error;
      }
    }
  }

  #removeKeys(index: StoredIndex, keys: readonly Uint8Array[], record: number): void {
    for (const key of keys) {
      this.#file.run(`DELETE FROM index_${index.id} WHERE key = ? AND record = ?`, key, record);
    }
  }

  #fill(index: StoredIndex): void {
    const sql = `SELECT record, body FROM ${this.documentsTable} WHERE record > ? ORDER BY record LIMIT 100`;
    let last = 0;
    for (let rows = this.#file.all(sql, last); rows.length > 0; rows = this.#file.all(sql, last)) {
      for (const row of rows) {
        last = Number(row['record']);
        const document = decode(row['body'] as Uint8Array);
        const keys = indexKeys(index.definition, document);
        this.#addKeys(index, keys.keys, last, document);
        if (keys.multikey && !index.multikey) this.#markMultikey(index);
      }
    }
  }

  #noteMultikey(entries: readonly { index: StoredIndex; keys: IndexKeys }[]): void {
    for (const { index, keys } of entries) if (keys.multikey && !index.multikey) this.#markMultikey(index);
  }

  #markMultikey(index: StoredIndex): void {
    this.#file.run('UPDATE indexes SET multikey = 1 WHERE id = ?', index.id);
    index.multikey = true;
  }

  #dropIndexTable(index: StoredIndex): void {
    this.#file.run(`DROP TABLE index_${index.id}`);
    this.#file.run('DELETE FROM indexes WHERE id = ?', index.id);
  }

  #isDeclared(definition: IndexDefinition): boolean {
    for (const { definition: known } of this.#indexes) {
      const sameName = known.name === definition.name;
      const sameKey = equalValues(known.specification['key'], definition.specification['key']);
      const samePartial = equalValues(known.partialFilter, definition.partialFilter);
      if (sameName && !sameKey) {
        throw new CommandError(
          'IndexKeySpecsConflict',
          `An existing index has the same name as the requested index, with other keys: ${known.name}`,
        );
      }
      if (!sameKey || (!sameName && !samePartial)) continue;
      if (!sameName || !sameOptions(known, definition)) {
        throw new CommandError(
          'IndexOptionsConflict',
          `Index already exists with a different name or options: ${known.name}`,
        );
      }
      return true;
    }
    return false;
  }

  #duplicateKey(definition: IndexDefinition, document: BsonDocument): CommandError {
    const value = keyValue(definition, document);
    const description = Object.keys(value).map((path) => `${path}: ${describe(value[path])}`);
    return new CommandError(
      'DuplicateKey',
      `E11000 duplicate key error collection: ${this.namespace} index: ${definition.name} dup key: { ${description.join(', ')} }`,
      { keyPattern: definition.specification['key'], keyValue: value },
    );
  }
}

function sameOptions(left: IndexDefinition, right: IndexDefinition): boolean {
  return (
    (left.unique === right.unique || left.name === '_id_') &&
    left.sparse === right.sparse &&
    left.expireAfterSeconds === right.expireAfterSeconds &&
    equalValues(left.partialFilter, right.partialFilter)
  );
}

function difference(keys: readonly Uint8Array[], without: readonly Uint8Array[]): readonly Uint8Array[] {
  return keys.filter((key) => !without.some((other) => Buffer.compare(key, other) === 0));
}

const MAX_DESCRIPTION_LENGTH = 200;

function describe(value: Value): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(JSON.stringify(value));
  return text.length > MAX_DESCRIPTION_LENGTH ? `${text.slice(0, MAX_DESCRIPTION_LENGTH)}…` : text;
}
