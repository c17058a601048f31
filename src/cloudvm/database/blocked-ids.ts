/**
 * Uses ids up. Whoever blocks an id can be sure that nobody inserts a document with it any more, however
 * late, since the index of `_id` is unique. In the place of the document stands one that belongs to nobody:
 * all that requests can reach begins its filters with the owner. The collections have the index
 * `status_updatedAt`, so that what has done its service is found and removed.
 */
import type { ObjectId } from 'mongodb';
import type { DatabaseService } from './database-service.ts';
import { isDuplicateKey } from './driver-errors.ts';

const STATUS = 'blocked';

interface BlockedId {
  _id: ObjectId;
  status: typeof STATUS;
  updatedAt: Date;
}

export class BlockedIds {
  readonly #service: DatabaseService;
  readonly #collection: string;

  constructor(service: DatabaseService, collection: string) {
    this.#service = service;
    this.#collection = collection;
  }

  /** @returns whether the id is blocked now. If not, a document has it */
  async block(id: ObjectId): Promise<boolean> {
    const blocked: BlockedId = { _id: id, status: STATUS, updatedAt: new Date() };
    return this.#service.runRepeatable(async () => {
      try {
        await this.#blocked.insertOne(blocked);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const filter = { _id: id, status: STATUS } as const;
        return (await this.#blocked.findOne(filter, { readPreference: 'primary' })) !== null;
      }
    });
  }

  /** For an id whose document has come and gone: nobody inserts it again. */
  async unblock(id: ObjectId): Promise<void> {
    await this.#service.runRepeatable(() => this.#blocked.deleteOne({ _id: id, status: STATUS }));
  }

  async removeOlderThan(time: Date): Promise<void> {
    const old = { status: STATUS, updatedAt: { $lt: time } } as const;
    await this.#service.runRepeatable(() => this.#blocked.deleteMany(old));
  }

  get #blocked() {
    return this.#service.collection<BlockedId>(this.#collection);
  }
}
