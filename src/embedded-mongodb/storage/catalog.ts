/**
 * All collections, in memory and in SQLite. As in MongoDB, the first insert creates a collection. Used by the
 * commands, on the database's thread.
 */

import { randomUUID } from 'node:crypto';
import { decode } from '../bson/codec.ts';
import { CommandError } from '../command-error.ts';
import { Collection } from './collection.ts';
import { parseIndexDefinition } from './indexes/index-definition.ts';
import type { IndexIdentity } from './indexes/stored-index.ts';
import { assertNamespace } from './namespace.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

const MAX_COLLECTIONS = 1000;

export class Catalog {
  readonly #file: SqliteFile;
  readonly #collections = new Map<string, Collection>();

  constructor(file: SqliteFile) {
    this.#file = file;
    this.reload();
  }

  /** Reads everything from SQLite, at the start and after a rollback. */
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
    const uuid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
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

  /** Sorted by name. */
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
        (index): IndexIdentity => ({
          id: Number(index['id']),
          definition: parseIndexDefinition(decode(index['specification'] as Uint8Array)),
          multikey: index['multikey'] === 1,
        }),
      );
    return new Collection(this.#file, identity, indexes);
  }
}
