/**
 * Reads documents as they are stored: in BSON. Each read is one command without a cursor, because a cursor of
 * the driver costs twice the CPU and much of the garbage, and our reads are bounded. So it does here what the
 * driver does for cursors: it applies the connection's read concern and read preference, and repeats a read
 * once if that may help. Calls run inside `DatabaseService.run`, which bounds and translates.
 */
import type { Db, Document, Filter } from 'mongodb';
import { isReadRepeatable } from './driver-errors.ts';

/** Documents in BSON stay bytes in the fields of an answer that are named here. */
const FIRST_BATCH_AS_BYTES = { fieldsAsRaw: { firstBatch: true } };

/** The fields to sort by, the most significant first. */
export type SortOrder = Readonly<Record<string, 1 | -1>>;

export interface StoredRead<Schema extends Document> {
  readonly filter: Filter<Schema>;
  readonly sort?: SortOrder;
  /** At least 1. All documents together must fit in one answer, which is 16 MiB. */
  readonly limit: number;
  /**
   * The caller knows that hardly more match, so the database should look for them all, and sort them then.
   */
  readonly hasAll?: boolean;
}

export class StoredReads<Schema extends Document> {
  readonly #database: Pick<Db, 'command' | 'readConcern' | 'readPreference'>;
  readonly #collection: string;
  readonly #repeats: boolean;

  /** @param repeats the connection's option `retryReads` */
  constructor(
    database: Pick<Db, 'command' | 'readConcern' | 'readPreference'>,
    collection: string,
    repeats: boolean,
  ) {
    this.#database = database;
    this.#collection = collection;
    this.#repeats = repeats;
  }

  async find({ filter, sort, limit, hasAll = false }: StoredRead<Schema>): Promise<readonly Buffer[]> {
    const command = {
      find: this.#collection,
      filter,
      ...(sort !== undefined && { sort }),
      // A limit would make the embedded database prefer an index in the order of the sort.
      ...(!hasAll && { limit }),
      // With as many the server could not know that there are no more, and would keep a cursor.
      batchSize: limit + 1,
      singleBatch: true,
    };
    const batch = await this.#firstBatch(command, FIRST_BATCH_AS_BYTES);
    return batch.map(asBuffer);
  }

  /**
   * How many documents match.
   * @param limit counts no further, at least 1
   */
  async count(filter: Filter<Schema>, limit?: number): Promise<number> {
    const upTo = limit === undefined ? [] : [{ $limit: limit }];
    const pipeline = [{ $match: filter }, ...upTo, { $group: { _id: 1, count: { $sum: 1 } } }];
    const [group] = await this.#firstBatch({ aggregate: this.#collection, pipeline, cursor: {} });
    // There is no group of nothing.
    return group === undefined ? 0 : countIn(group);
  }

  async #firstBatch(command: Document, options = {}): Promise<readonly unknown[]> {
    const { readConcern, readPreference } = this.#database;
    const completed = readConcern === undefined ? command : { ...command, readConcern: readConcern.toJSON() };
    const answer = await this.#repeatOnce(() =>
      this.#database.command(completed, { readPreference, ...options }),
    );
    const batch: unknown = answer['cursor']?.firstBatch;
    if (!Array.isArray(batch)) throw new TypeError('the database answered a read without documents');
    return batch;
  }

  async #repeatOnce<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      if (!this.#repeats || !isReadRepeatable(error)) throw error;
      return await read();
    }
  }
}

function asBuffer(document: unknown): Buffer {
  if (!Buffer.isBuffer(document)) throw new TypeError('a document was not left as bytes');
  return document;
}

function countIn(group: unknown): number {
  const count = typeof group === 'object' && group !== null && 'count' in group ? group.count : undefined;
  if (typeof count !== 'number') throw new TypeError('the database answered a count without a number');
  return count;
}
