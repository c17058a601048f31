/**
 * The counts of LoginThrottle, as documents that expire. Every change is one conditional write, so workers
 * and processes may count at the same moment. Upserts are avoided, because servers resolve their races
 * differently.
 */
import type { Collection } from 'mongodb';
import type { DeclaredCollection } from '../../database/collection.ts';
import type { DatabaseService } from '../../database/database-service.ts';
import { isDuplicateKey } from '../../database/driver-errors.ts';

/** Others may write between our read and our write. In each round one of them succeeds. */
const MAX_ROUNDS = 5;

export interface CountDocument {
  /** A digest (see LoginThrottle). */
  _id: string;
  /**
   * Attempts that have failed, or registrations. 0 in the mark that an account and a network know each other.
   */
  failures: number;
  expiresAt: Date;
}

export const LOGIN_FAILURES: DeclaredCollection = {
  name: 'loginFailures',
  indexes: [{ name: 'expiresAt', key: { expiresAt: 1 } }],
};

export class LoginCounts {
  readonly #service: DatabaseService;
  readonly #documents: Collection<CountDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#documents = service.collection<CountDocument>(LOGIN_FAILURES.name);
  }

  /** The counts that have not expired, by key. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, CountDocument>> {
    const filter = { _id: { $in: [...keys] }, expiresAt: { $gt: new Date() } };
    const found = await this.#service.run(() => this.#documents.find(filter).toArray());
    return new Map(found.map((document) => [document._id, document]));
  }

  /**
   * Adds one, if the limit allows it. The first one begins a window.
   * @returns undefined, or the end of the window when its limit is reached
   */
  add(key: string, limit: number, windowMs: number): Promise<Date | undefined> {
    return this.#service.run(async () => {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const now = new Date();
        const { matchedCount } = await this.#documents.updateOne(
          { _id: key, expiresAt: { $gt: now }, failures: { $lt: limit } },
          { $inc: { failures: 1 } },
        );
        if (matchedCount > 0) return undefined;
        const expiresAt = new Date(now.getTime() + windowMs);
        if (await this.#insert({ _id: key, failures: 1, expiresAt })) return undefined;
        const found = await this.#documents.findOne({ _id: key, expiresAt: { $gt: now } });
        if (found === null) await this.#documents.deleteOne({ _id: key, expiresAt: { $lte: now } });
        else if (found.failures >= limit) return found.expiresAt;
      }
      return new Date();
    });
  }

  async forget(key: string): Promise<void> {
    await this.#service.runRepeatable(() => this.#documents.deleteOne({ _id: key }));
  }

  /** Leaves a mark, or extends it. */
  async mark(key: string, expiresAt: Date): Promise<void> {
    await this.#service.runRepeatable(async () => {
      const { matchedCount } = await this.#documents.updateOne({ _id: key }, { $set: { expiresAt } });
      if (matchedCount === 0) await this.#insert({ _id: key, failures: 0, expiresAt });
    });
  }

  async removeExpired(): Promise<void> {
    await this.#service.runRepeatable(() => this.#documents.deleteMany({ expiresAt: { $lte: new Date() } }));
  }

  /** @returns false if the document exists already */
  async #insert(document: CountDocument): Promise<boolean> {
    try {
      await this.#documents.insertOne(document);
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return false;
    }
  }
}
