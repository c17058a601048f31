/**
 * Creates collections and their indexes. Each feature declares its collections beside its repository and
 * calls `prepareCollections` once per process, in one worker, before the socket is bound.
 *
 * A declaration uses only what MongoDB, the embedded database and FerretDB 1.24 have in common: no partial,
 * sparse, TTL or collated index. "Unique where present" is done by storing a filler that is unique, and
 * "unique without regard to case" by storing a lower-cased key.
 */
import type { IndexDescription } from 'mongodb';
import type { DatabaseService } from './database-service.ts';

export type DeclaredIndex = IndexDescription & { readonly name: string };

export interface DeclaredCollection {
  readonly name: string;
  readonly indexes: readonly DeclaredIndex[];
}

/**
 * Idempotent.
 * @throws DatabaseUnreachableError, or the server's own error if an index differs from ours
 */
export async function prepareCollections(
  service: DatabaseService,
  collections: readonly DeclaredCollection[],
): Promise<void> {
  for (const { name, indexes } of collections) {
    // One per command: FerretDB 1.24 breaks the connection when a command names two indexes that exist
    // already.
    for (const index of indexes) {
      await service.runRepeatable(() => service.collection(name).createIndexes([index]));
    }
  }
}
