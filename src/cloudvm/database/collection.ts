/**
 * Creates collections and their indexes. Each feature declares its collections beside its repository and
 * calls `prepareCollections` once per process, in one worker, before the socket is bound.
 *
 * A declaration uses only what MongoDB, the embedded database and FerretDB 1.24 have in common: no partial,
 * sparse, TTL or collated index. "Unique where present" is done by storing a filler that is unique, and
 * "unique without regard to case" by storing a lower-cased key.
 */
import { type IndexDescription, MongoServerError } from 'mongodb';
import { DatabaseConfigurationError } from './database-errors.ts';
import type { DatabaseService } from './database-service.ts';
import { isDuplicateKey } from './driver-errors.ts';

export type DeclaredIndex = IndexDescription & { readonly name: string };

export interface DeclaredCollection {
  readonly name: string;
  readonly indexes: readonly DeclaredIndex[];
}

/**
 * Idempotent.
 * @throws DatabaseUnreachableError, or DatabaseConfigurationError if another program uses the collections
 */
export async function prepareCollections(
  service: DatabaseService,
  collections: readonly DeclaredCollection[],
): Promise<void> {
  for (const { name, indexes } of collections) {
    // One per command: FerretDB 1.24 breaks the connection when a command names two indexes that exist
    // already.
    for (const index of indexes) {
      try {
        await service.runRepeatable(() => service.collection(name).createIndexes([index]));
      } catch (error) {
        throw inWords(error, service.description, name, index);
      }
    }
  }
}

/** Of an earlier version of the application. Does nothing if there is no such index. */
export async function dropIndex(service: DatabaseService, collection: string, name: string): Promise<void> {
  const target = service.collection(collection);
  // Before the first start there is no collection, and so no index.
  const indexes = await service.run(() => target.indexes().catch(() => []));
  if (!indexes.some((index) => index.name === name)) return;
  try {
    await service.run(() => target.dropIndex(name));
  } catch (error) {
    // Another process has dropped it meanwhile.
    if (!(error instanceof MongoServerError && error.code === INDEX_NOT_FOUND)) throw error;
  }
}

const INDEX_NOT_FOUND = 27;

/** An index of that name has other keys or options, or an index of these keys has another name. */
const INDEX_CONFLICTS: readonly unknown[] = [85, 86];

function isIndexConflict({ code }: MongoServerError): boolean {
  return INDEX_CONFLICTS.includes(code);
}

/** For the operator. The server's own message names neither the cause nor the way out. */
function inWords(error: unknown, database: string, collection: string, index: DeclaredIndex): unknown {
  if (!(error instanceof MongoServerError)) return error;
  const fields = Object.keys(index.key).join(' and ');
  const remedy = 'set MONGODB_DB to the name of a database that CloudVM has for itself';
  const isDuplicate: boolean = isDuplicateKey(error);
  if (isDuplicate) {
    return new DatabaseConfigurationError(
      `the collection "${collection}" of ${database} has documents that CloudVM has not stored: ` +
        `several have the same ${fields}. If another program uses it, ${remedy}`,
      { cause: error },
    );
  }
  if (!isIndexConflict(error)) return error;
  return new DatabaseConfigurationError(
    `the collection "${collection}" of ${database} has an index that is not CloudVM's, on ${fields} or with ` +
      `the name "${index.name}". If another program uses it, ${remedy}. Otherwise drop the index`,
    { cause: error },
  );
}
