/**
 * Which collections there are, kept in memory and in SQLite alike. Collections are made by the first
 * insert, as in MongoDB. Used by the commands, on the database's thread.
 */
import { randomBytes } from 'node:crypto';
import { decode } from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { Collection, type StoredIndex } from './collection.ts';
import { parseIndexDefinition } from './index-definition.ts';
import type { Row, SqliteFile } from './sqlite.ts';

const MAX_COLLECTIONS = 1000;
const MAX_NAMESPACE_BYTES = 255;

export class Catalog {
  readonly #file: SqliteFile;
  readonly #collections = new Map<string, Collection>();

  constructor(file: SqliteFile) {
    this.#file = file;
    this.reload();
  }

  /** Reads everything anew: at the start, and when a transaction has been rolled back. */
  reload(): void {
    for (const collection of this.#collections.values()) collection.dropped = true;
    this.#collections.clear();
    for (const row of this.#file.all('SELECT id, database, name, uuid FROM collections ORDER BY id')) {
      const collection = this.#open(row);
      this.#collections.set(collection.namespace, collection);
    }
  }

  find(database: string, name: string): Collection | undefined {
    return this.#collections.get(`${database}.${name}`);
  }

  /** @throws CommandError NamespaceNotFound */
  get(database: string, name: string): Collection {
    const collection = this.find(database, name);
    if (collection === undefined)
      throw new CommandError('NamespaceNotFound', `ns does not exist: ${database}.${name}`);
    return collection;
  }

  getOrCreate(database: string, name: string): Collection {
    return this.find(database, name) ?? this.create(database, name);
  }

  create(database: string, name: string): Collection {
    assertNamespace(database, name);
    if (this.#collections.size >= MAX_COLLECTIONS) {
      throw new CommandError(
        'OperationFailed',
        `the embedded database has at most ${MAX_COLLECTIONS} collections`,
      );
    }
    const uuid = randomBytes(16);
    // The version (4) and variant bits of RFC 9562.
    uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x40;
    uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
    const collection = this.#file.atomically(() => {
      const sql = 'INSERT INTO collections (database, name, uuid) VALUES (?, ?, ?)';
      const id = Number(this.#file.run(sql, database, name, uuid).lastInsertRowid);
      return Collection.create(this.#file, { id, database, name, uuid });
    });
    this.#collections.set(collection.namespace, collection);
    return collection;
  }

  drop(collection: Collection): void {
    this.#file.atomically(() => {
      collection.dropTables();
      this.#file.run('DELETE FROM collections WHERE id = ?', collection.id);
    });
    collection.dropped = true;
    this.#collections.delete(collection.namespace);
  }

  /** In the order of their names. */
  collectionsOf(database: string): Collection[] {
    return this.all()
      .filter((collection) => collection.database === database)
      .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  all(): Collection[] {
    return [...this.#collections.values()];
  }

  #open(row: Row): Collection {
    const identity = {
      id: Number(row['id']),
      database: String(row['database']),
      name: String(row['name']),
      uuid: row['uuid'] as Uint8Array,
    };
    const indexes = this.#file
      .all('SELECT id, specification, multikey FROM indexes WHERE collection = ? ORDER BY id', identity.id)
      .map(
        (index): StoredIndex => ({
          id: Number(index['id']),
          definition: parseIndexDefinition(decode(index['specification'] as Uint8Array)),
          multikey: index['multikey'] === 1,
        }),
      );
    return new Collection(this.#file, identity, indexes);
  }
}

/** @throws CommandError InvalidNamespace */
export function assertNamespace(database: string, name: string): void {
  const invalid =
    !/^[^/\\. "$*<>:|?\0]{1,63}$/.test(database) ||
    name === '' ||
    name.includes('$') ||
    name.includes('\0') ||
    name.startsWith('.') ||
    name.endsWith('.') ||
    name.startsWith('system.') ||
    Buffer.byteLength(`${database}.${name}`) > MAX_NAMESPACE_BYTES;
  if (invalid)
    throw new CommandError(
      'InvalidNamespace',
      `Invalid namespace specified: ${database}.${name}`.slice(0, 300),
    );
}
