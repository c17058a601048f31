/**
 * Idempotency keys in one worker: where they are stored, and what carries out requests that have one. Opened
 * by services.ts.
 */
import { BlockedIds } from '../database/blocked-ids.ts';
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import type { OperationRepository } from '../operations/repository/operation-repository.ts';
import { SNAPSHOTS } from '../snapshots/repository/snapshot-document.ts';
import { VMS } from '../vms/repository/vm-document.ts';
import { IdempotentRequests } from './idempotent-requests.ts';
import { IDEMPOTENCY_KEYS, REMEMBERED_MS } from './key-document.ts';
import { KeyRepository } from './key-repository.ts';

/** Keys that one worker stores between two removals of what has expired. */
const REMOVE_AFTER_KEYS = 100;
/** Collections in which a repetition may block an id. */
const BLOCKED_IN: readonly string[] = [VMS.name, SNAPSHOTS.name];

export interface IdempotencyServicesOptions {
  readonly operations: Pick<OperationRepository, 'isStored'>;
  readonly maxKeysPerUser?: number;
  readonly leaseMs?: number;
  /** Told of errors in the background. */
  readonly onError: (error: unknown) => void;
}

export const DEFAULT_MAX_KEYS_PER_USER = 100_000;

/** Once per process. Idempotent. */
export async function prepareIdempotency(database: DatabaseService): Promise<void> {
  await prepareCollections(database, [IDEMPOTENCY_KEYS]);
  await removeExpired(database, new KeyRepository(database));
}

export class IdempotencyServices implements AsyncDisposable {
  readonly keys: KeyRepository;
  readonly requests: IdempotentRequests;
  readonly #database: DatabaseService;
  readonly #onError: (error: unknown) => void;
  #stored = 0;
  #removing: Promise<void> | undefined;

  constructor(database: DatabaseService, options: IdempotencyServicesOptions) {
    const { maxKeysPerUser = DEFAULT_MAX_KEYS_PER_USER, onError, ...rest } = options;
    this.#database = database;
    this.#onError = onError;
    this.keys = new KeyRepository(database);
    this.requests = new IdempotentRequests({
      ...rest,
      keys: this.keys,
      maxKeysPerUser,
      onStored: () => this.#countStored(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removing;
  }

  /** What has expired goes as fast as new keys come, and nobody waits for it. */
  #countStored(): void {
    this.#stored += 1;
    if (this.#stored % REMOVE_AFTER_KEYS !== 0) return;
    this.#removing ??= removeExpired(this.#database, this.keys)
      .catch(this.#onError)
      .finally(() => {
        this.#removing = undefined;
      });
  }
}

async function removeExpired(database: DatabaseService, keys: KeyRepository): Promise<void> {
  await keys.removeExpired();
  const longAgo = new Date(Date.now() - REMEMBERED_MS);
  for (const collection of BLOCKED_IN) await new BlockedIds(database, collection).removeOlderThan(longAgo);
}
