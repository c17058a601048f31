/**
 * Inserts documents. The inserts that a worker begins in one turn of its event loop travel to the database as
 * one command, for the reasons and by the rules of `BatchedReads`: an insert without company is not delayed,
 * and none joins a command that was sent. Each is acknowledged only when the database has told its own
 * outcome.
 *
 * The command is not the driver's `insertMany`, because that turns every failure, even a broken connection,
 * into an error of the server. A command that the server refuses as a whole is replaced by single inserts of
 * the driver. So each has its own error, and the driver repeats them where a server recognises repetitions.
 * After a broken connection the outcome of each insert is unknown, and each caller is told so.
 */
import {
  type Collection,
  type Db,
  type Document,
  MongoServerError,
  MongoWriteConcernError,
  WriteConcern,
} from 'mongodb';
import { isOutcomeUnknown } from './driver-errors.ts';

/** Bounds the size of a command, and how long the database is busy with it. */
export const MAX_BATCH_SIZE = 128;

interface Insert<Schema extends Document> {
  readonly document: Schema;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Inserts that travel together. */
type Batch<Schema extends Document> = Insert<Schema>[];

export class BatchedInserts<Schema extends Document> {
  readonly #database: Pick<Db, 'command'>;
  readonly #collection: Collection<Document>;
  /** The batch that inserts may still join. */
  #collecting: Batch<Schema> | undefined;

  constructor(database: Db, collection: string) {
    this.#database = database;
    this.#collection = database.collection(collection);
  }

  /**
   * Call it inside the operation of each request, which then counts, fails and is repeated by itself.
   * @param document has its `_id`, and is so small that MAX_BATCH_SIZE of them take less than 16 MiB
   * @throws the driver's error for this document alone
   */
  insert(document: Schema): Promise<void> {
    const batch = this.#collecting ?? this.#open();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    batch.push({ document, resolve, reject });
    if (batch.length === MAX_BATCH_SIZE) this.#collecting = undefined;
    return promise;
  }

  #open(): Batch<Schema> {
    const batch: Batch<Schema> = [];
    this.#collecting = batch;
    queueMicrotask(() => {
      // From here on nobody joins. A full batch has already been replaced by another.
      if (this.#collecting === batch) this.#collecting = undefined;
      if (batch.length > 1) void this.#sendTogether(batch);
      else this.#sendSingly(batch);
    });
    return batch;
  }

  /** Never rejects, because every insert of the batch is told. */
  async #sendTogether(batch: Batch<Schema>): Promise<void> {
    try {
      const refused = refusalsIn(await this.#database.command(this.#command(batch)));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const refusal = refused.get(index);
        if (refusal === undefined) resolve();
        else reject(refusal);
      }
    } catch (error) {
      if (isRefusal(error)) this.#sendSingly(batch);
      else for (const { reject } of batch) reject(error);
    }
  }

  #sendSingly(batch: Batch<Schema>): void {
    for (const { document, resolve, reject } of batch) {
      this.#collection.insertOne(document).then(() => resolve(), reject);
    }
  }

  #command(batch: Batch<Schema>): Document {
    const { collectionName, writeConcern } = this.#collection;
    const documents = batch.map(({ document }) => document);
    // Unordered, so that all are inserted but those that are refused.
    const command = { insert: collectionName, documents, ordered: false };
    return writeConcern === undefined ? command : WriteConcern.apply(command, writeConcern);
  }
}

/**
 * The server did not take the command. A write concern that was not met is no refusal: the documents are
 * stored, but not as safely as was asked. Sent again, they would be duplicates, and that would pass for
 * success.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof MongoWriteConcernError || isOutcomeUnknown(error)) return false;
  return error instanceof MongoServerError;
}

/** By the index of the document. They are the errors that `insertOne` would throw. */
function refusalsIn({ writeErrors = [] }: Document): ReadonlyMap<unknown, MongoServerError> {
  if (!Array.isArray(writeErrors)) throw new TypeError('the database answered with malformed write errors');
  return new Map(writeErrors.map((error: Document) => [error['index'], new MongoServerError(error)]));
}
