/**
 * Reads documents by id. The reads that a worker begins in one turn of its event loop travel to the database
 * as one query, because a query costs the driver 150 µs of CPU, and each further document only a few. The
 * runtime serves several requests in one turn. Repositories use it for look-ups that requests often repeat.
 *
 * A query is sent in a microtask, so at the end of the JavaScript that began its reads. A read without
 * company is therefore not delayed. Waiting for `setImmediate` was measured too, and saves no CPU.
 *
 * A read never joins a query that was sent, so it sees every write that was acknowledged before it began.
 */
import { DatabaseError } from './database-errors.ts';
import type { DatabaseService } from './database-service.ts';

/** Bounds the size of an answer, and how long the database is busy with one query. */
export const MAX_BATCH_SIZE = 128;

export interface BatchedReadsOptions<Identity, Found> {
  readonly service: Pick<DatabaseService, 'run'>;
  /** Sends one query for all of them. They differ from each other. What is found has no order. */
  readonly find: (identities: readonly Identity[]) => Promise<readonly Found[]>;
  readonly keyOf: (identity: Identity) => string;
  /**
   * The key of the identity that something found has. A read gets only what has its key. So whatever else was
   * read with it, it does not get what belongs to somebody else if the owner is part of the identity.
   */
  readonly keyOfFound: (found: Found) => string;
}

/** Equal reads of a batch. */
interface Reads<Identity, Found> {
  readonly identity: Identity;
  readonly found: Promise<Found | undefined>;
  readonly resolve: (found: Found | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads that travel together, by key. */
type Batch<Identity, Found> = Map<string, Reads<Identity, Found>>;

export class BatchedReads<Identity, Found> {
  readonly #options: BatchedReadsOptions<Identity, Found>;
  /** The batch that reads may still join. */
  #collecting: Batch<Identity, Found> | undefined;

  constructor(options: BatchedReadsOptions<Identity, Found>) {
    this.#options = options;
  }

  /**
   * Each read counts as an operation of its own. If the query fails, each of its reads fails with an error of
   * its own.
   * @returns what equal reads share, so the caller must not change it
   * @throws DatabaseBusyError, DatabaseUnreachableError
   */
  read(identity: Identity): Promise<Found | undefined> {
    const { service, keyOf } = this.#options;
    return service.run(() => this.#join(keyOf(identity), identity)).catch(failAlone);
  }

  #join(key: string, identity: Identity): Promise<Found | undefined> {
    const batch = this.#collecting ?? this.#open();
    const equal = batch.get(key);
    if (equal !== undefined) return equal.found;
    const { promise: found, resolve, reject } = Promise.withResolvers<Found | undefined>();
    batch.set(key, { identity, found, resolve, reject });
    if (batch.size === MAX_BATCH_SIZE) this.#collecting = undefined;
    return found;
  }

  #open(): Batch<Identity, Found> {
    const batch: Batch<Identity, Found> = new Map();
    this.#collecting = batch;
    queueMicrotask(() => void this.#send(batch));
    return batch;
  }

  /** Never rejects, because every read of the batch is told. */
  async #send(batch: Batch<Identity, Found>): Promise<void> {
    // From here on nobody joins. A full batch has already been replaced by another.
    if (this.#collecting === batch) this.#collecting = undefined;
    const { find, keyOfFound } = this.#options;
    try {
      const everything = await find(Array.from(batch.values(), ({ identity }) => identity));
      for (const found of everything) batch.get(keyOfFound(found))?.resolve(found);
      // Those that were resolved are not changed by this.
      for (const { resolve } of batch.values()) resolve(undefined);
    } catch (error) {
      for (const { reject } of batch.values()) reject(error);
    }
  }
}

function failAlone(error: unknown): never {
  // The service made this error for this read alone.
  if (error instanceof DatabaseError) throw error;
  throw new Error('a read by id failed', { cause: error });
}
