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

export interface BatchedReadsOptions<Identity, Document extends Identity> {
  readonly service: Pick<DatabaseService, 'run'>;
  /** Sends one query for all of them. They differ from each other. The order of the documents is free. */
  readonly find: (identities: readonly Identity[]) => Promise<readonly Document[]>;
  /**
   * Compares identities, those of documents included. A read gets a document only if their keys are equal. So
   * whatever else was read with it, a document that belongs to somebody else is not found if its owner is
   * part of the identity.
   */
  readonly keyOf: (identity: Identity) => string;
}

/** Reads that travel together. */
interface Batch<Identity, Document> {
  /** By key. Equal reads share one entry. */
  readonly identities: Map<string, Identity>;
  readonly documents: Promise<ReadonlyMap<string, Document>>;
}

export class BatchedReads<Identity, Document extends Identity> {
  readonly #options: BatchedReadsOptions<Identity, Document>;
  /** The batch that reads may still join. */
  #collecting: Batch<Identity, Document> | undefined;

  constructor(options: BatchedReadsOptions<Identity, Document>) {
    this.#options = options;
  }

  /**
   * Each read counts as an operation of its own. If the query fails, each of its reads fails with an error of
   * its own.
   * @returns a document that equal reads share, so the caller copies what it gives away
   * @throws DatabaseBusyError, DatabaseUnreachableError
   */
  async read(identity: Identity): Promise<Document | undefined> {
    const { service, keyOf } = this.#options;
    const key = keyOf(identity);
    try {
      return await service.run(async () => (await this.#join(key, identity)).get(key));
    } catch (error) {
      // The service made this error for this read alone.
      if (error instanceof DatabaseError) throw error;
      throw new Error('a read by id failed', { cause: error });
    }
  }

  #join(key: string, identity: Identity): Promise<ReadonlyMap<string, Document>> {
    this.#collecting ??= this.#open();
    const { identities, documents } = this.#collecting;
    identities.set(key, identity);
    if (identities.size === MAX_BATCH_SIZE) this.#collecting = undefined;
    return documents;
  }

  #open(): Batch<Identity, Document> {
    const identities = new Map<string, Identity>();
    return { identities, documents: Promise.resolve().then(() => this.#send(identities)) };
  }

  async #send(identities: ReadonlyMap<string, Identity>): Promise<ReadonlyMap<string, Document>> {
    // From here on nobody joins. A full batch has already been replaced by another.
    if (this.#collecting?.identities === identities) this.#collecting = undefined;
    const { find, keyOf } = this.#options;
    const documents = await find([...identities.values()]);
    return new Map(documents.map((document) => [keyOf(document), document]));
  }
}
