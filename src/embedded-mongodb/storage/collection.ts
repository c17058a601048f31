/**
 * One collection: a table of documents in the order of their insertion, and a table of keys for each index.
 * Documents and keys always change together. Used by the commands, on the database's thread.
 */
import { decode, encodeStored } from '../bson/codec.ts';
import type { BsonDocument } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { isDeclared } from './indexes/declared.ts';
import { duplicateKeyError } from './indexes/duplicate-key.ts';
import { type IndexDefinition, MAX_INDEXES } from './indexes/index-definition.ts';
import { type IndexKeys, indexKeys } from './indexes/index-keys.ts';
import { ID_INDEX, type IndexIdentity, StoredIndex } from './indexes/stored-index.ts';
import { encodeValue } from './keys/key.ts';
import { compareKeys } from './keys/key-range.ts';
import { isUniqueViolation } from './sqlite-errors.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { assertStorable } from './storable.ts';

export interface CollectionIdentity {
  readonly id: number;
  readonly database: string;
  readonly name: string;
  readonly uuid: Uint8Array;
}

/** A document with its record number, which is its place in the collection. */
export interface StoredDocument {
  readonly record: number;
  /** May share memory with other documents. */
  readonly bytes: Uint8Array;
}

/** The keys that one document has in one index. */
interface IndexEntry {
  readonly index: StoredIndex;
  readonly keys: IndexKeys;
}

const ROWS_PER_READ = 100;
/** Beyond, two lists of keys are compared by a set. */
const MAX_PAIRS_COMPARED = 64;

export class Collection {
  readonly id: number;
  readonly database: string;
  readonly name: string;
  readonly uuid: Uint8Array;
  /** Tells suspended scans that their tables are gone. */
  dropped = false;
  readonly #file: SqliteFile;
  #indexes: readonly StoredIndex[];
  #visibleIndexes: readonly StoredIndex[];

  /** @param secondary the indexes apart from the one on _id */
  constructor(file: SqliteFile, identity: CollectionIdentity, secondary: readonly IndexIdentity[]) {
    this.#file = file;
    this.id = identity.id;
    this.database = identity.database;
    this.name = identity.name;
    this.uuid = identity.uuid;
    this.#indexes = [StoredIndex.onId(file), ...secondary.map((index) => new StoredIndex(file, index))];
    this.#visibleIndexes = this.#indexes.filter(isVisible);
  }

  /** Inside the catalog's transaction. */
  static create(file: SqliteFile, identity: CollectionIdentity): Collection {
    const collection = new Collection(file, identity, []);
    file.run(
      `CREATE TABLE ${collection.documentsTable} (
        record INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE,
        body BLOB NOT NULL
      ) STRICT`,
    );
    return collection;
  }

  get namespace(): string {
    return `${this.database}.${this.name}`;
  }

  get documentsTable(): string {
    return `documents_${this.id}`;
  }

  /** The index on _id first, then the others in the order of their declaration. */
  get indexes(): readonly StoredIndex[] {
    return this.#indexes;
  }

  /** Those that queries may use. */
  get visibleIndexes(): readonly StoredIndex[] {
    return this.#visibleIndexes;
  }

  /** For work that has rested. @throws CommandError QueryPlanKilled if the collection or the index is gone */
  assertNotDropped(index?: StoredIndex): void {
    const indexStands = index === undefined || this.#indexes.some((other) => other.id === index.id);
    if (!this.dropped && indexStands) return;
    const message = `collection or index dropped during the query: ${this.namespace}`;
    throw new CommandError('QueryPlanKilled', message);
  }

  /** @throws CommandError DuplicateKey, BadValue, BSONObjectTooLarge */
  insert(document: BsonDocument, bytes: Uint8Array): void {
    assertStorable(document, bytes);
    const entries = this.#entries(document);
    this.#file.atomically(() => {
      const record = this.#insertDocument(document, bytes);
      for (const { index, keys } of entries) this.#addKeys(index, keys.keys, record, document);
    });
    noteMultikey(entries);
  }

  /** Puts `after` in the place of `before`. Both have the same _id. */
  replace(record: number, before: BsonDocument, after: BsonDocument): void {
    const bytes = encodeStored(after);
    assertStorable(after, bytes);
    const entries = this.#entries(after);
    this.#file.atomically(() => {
      this.#file.run(`UPDATE ${this.documentsTable} SET body = ? WHERE record = ?`, bytes, record);
      for (const { index, keys } of entries) {
        const old = indexKeys(index.definition, before).keys;
        index.removeKeys(difference(old, keys.keys), record);
        this.#addKeys(index, difference(keys.keys, old), record, after);
      }
    });
    noteMultikey(entries);
  }

  remove(record: number, document: BsonDocument): void {
    this.#file.atomically(() => {
      for (const { index, keys } of this.#entries(document)) index.removeKeys(keys.keys, record);
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
   * Declares an index and fills it without a break. Applications declare their indexes when they start, when
   * the collections are small or the indexes exist already.
   */
  createIndex(definition: IndexDefinition): void {
    const existing = this.#indexes.map((index) => index.definition);
    if (isDeclared(existing, definition)) return;
    if (existing.length >= MAX_INDEXES) {
      const message = `too many indexes for ${this.namespace}: at most ${MAX_INDEXES}`;
      throw new CommandError('CannotCreateIndex', message);
    }
    const index = this.#file.atomically(() => {
      const created = StoredIndex.create(this.#file, this.id, definition);
      this.#fill(created);
      return created;
    });
    this.#setIndexes([...this.#indexes, index]);
  }

  dropIndex(index: StoredIndex): void {
    this.#file.atomically(() => index.drop());
    this.#setIndexes(this.#indexes.filter((other) => other !== index));
  }

  /** Inside the catalog's transaction. */
  dropTables(): void {
    for (const index of this.#secondary) index.drop();
    this.#file.run(`DROP TABLE ${this.documentsTable}`);
  }

  #setIndexes(indexes: readonly StoredIndex[]): void {
    this.#indexes = indexes;
    this.#visibleIndexes = indexes.filter(isVisible);
  }

  get #secondary(): readonly StoredIndex[] {
    return this.#indexes.slice(1);
  }

  #entries(document: BsonDocument): IndexEntry[] {
    return this.#secondary.map((index) => ({ index, keys: indexKeys(index.definition, document) }));
  }

  #insertDocument(document: BsonDocument, bytes: Uint8Array): number {
    const sql = `INSERT INTO ${this.documentsTable} (id, body) VALUES (?, ?)`;
    try {
      return Number(this.#file.run(sql, encodeValue(document['_id']), bytes).lastInsertRowid);
    } catch (error) {
      throw isUniqueViolation(error) ? duplicateKeyError(this.namespace, ID_INDEX, document) : error;
    }
  }

  #addKeys(index: StoredIndex, keys: readonly Uint8Array[], record: number, document: BsonDocument): void {
    try {
      index.addKeys(keys, record);
    } catch (error) {
      throw isUniqueViolation(error) ? duplicateKeyError(this.namespace, index.definition, document) : error;
    }
  }

  #fill(index: StoredIndex): void {
    const part = `FROM ${this.documentsTable} WHERE record > ? ORDER BY record LIMIT ${ROWS_PER_READ}`;
    const sql = `SELECT record, body ${part}`;
    const readAfter = (record: number) => this.#file.all(sql, record);
    let last = 0;
    for (let rows = readAfter(last); rows.length > 0; rows = readAfter(last)) {
      for (const row of rows) {
        last = Number(row['record']);
        const document = decode(row['body'] as Uint8Array);
        const keys = indexKeys(index.definition, document);
        this.#addKeys(index, keys.keys, last, document);
        if (keys.multikey) index.markMultikey();
      }
    }
  }
}

function isVisible({ definition }: StoredIndex): boolean {
  return !definition.hidden;
}

function noteMultikey(entries: readonly IndexEntry[]): void {
  for (const { index, keys } of entries) if (keys.multikey) index.markMultikey();
}

function difference(keys: readonly Uint8Array[], without: readonly Uint8Array[]): readonly Uint8Array[] {
  // Most documents have one key in an index.
  if (keys.length * without.length <= MAX_PAIRS_COMPARED)
    return keys.filter((key) => !without.some((other) => compareKeys(key, other) === 0));
  const others = new Set(without.map(textOfKey));
  return keys.filter((key) => !others.has(textOfKey(key)));
}

function textOfKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
