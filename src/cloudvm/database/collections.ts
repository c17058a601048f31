/**
 * The collections of the application and their indexes, declared in this one place. `prepareDatabase` creates
 * what is missing; one worker calls it once per process, before the socket is bound.
 *
 * Only what MongoDB, the embedded database and FerretDB 1.24 have in common is used: no partial, sparse, TTL or
 * collated index, so "unique where present" is made by storing a filler that is unique, and "unique without
 * regard to case" by storing a lower-cased key.
 */
import type { IndexDescription } from 'mongodb';
import type { DatabaseService } from './database-service.ts';

export const USERS = 'users';
export const VMS = 'vms';
export const LOGIN_FAILURES = 'loginFailures';

type DeclaredIndex = IndexDescription & { readonly name: string };

const INDEXES: Readonly<Record<string, readonly DeclaredIndex[]>> = {
  [USERS]: [
    { name: 'email', key: { emailKey: 1 }, unique: true },
    { name: 'username', key: { usernameKey: 1 }, unique: true },
  ],
  [VMS]: [
    // One per order of GET /api/vms; each is read backwards for the reverse order.
    { name: 'owner_createdAt', key: { ownerId: 1, createdAt: 1, _id: 1 } },
    { name: 'owner_name', key: { ownerId: 1, name: 1, _id: 1 } },
    { name: 'owner_creation', key: { ownerId: 1, creationKey: 1 }, unique: true },
    // For the machines of all owners that wait for their provider.
    { name: 'status_updatedAt', key: { status: 1, updatedAt: 1 } },
  ],
  [LOGIN_FAILURES]: [{ name: 'expiresAt', key: { expiresAt: 1 } }],
};

/** Idempotent. @throws DatabaseUnreachableError, or the server's own error where an index differs from ours */
export async function prepareDatabase(service: DatabaseService): Promise<void> {
  for (const [collection, indexes] of Object.entries(INDEXES)) {
    // One per command: FerretDB 1.24 breaks the connection when a command names two indexes that exist already.
    for (const index of indexes) {
      await service.runRepeatable(() => service.collection(collection).createIndexes([index]));
    }
  }
}
