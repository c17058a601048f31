/** Stores the keys of requests. Every change of a key is one conditional write. */
import type { Collection } from 'mongodb';
import type { BatchedInserts } from '../database/batched-inserts.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { isDuplicateKey } from '../database/driver-errors.ts';
import { requireObjectId } from '../database/object-id.ts';
import type { StoredReads } from '../database/stored-reads.ts';
import { IDEMPOTENCY_KEYS, type KeyDocument } from './key-document.ts';
import type { Plan } from './plan.ts';

/** Bounds how long the database is busy with one removal. */
const MAX_REMOVED = 1_000;
/** An expired key may come back between its removal and our insert. */
const MAX_ROUNDS = 3;

export class KeyRepository {
  readonly #service: DatabaseService;
  readonly #keys: Collection<KeyDocument>;
  readonly #stored: StoredReads<KeyDocument>;
  readonly #inserts: BatchedInserts<KeyDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#keys = service.collection<KeyDocument>(IDEMPOTENCY_KEYS.name);
    this.#stored = service.storedReads<KeyDocument>(IDEMPOTENCY_KEYS.name);
    this.#inserts = service.batchedInserts<KeyDocument>(IDEMPOTENCY_KEYS.name);
  }

  /** @returns undefined, or the key as an earlier request has stored it */
  async insertUnlessThere(document: KeyDocument): Promise<KeyDocument | undefined> {
    return this.#service.runRepeatable(async () => {
      for (let round = 1; ; round += 1) {
        try {
          await this.#inserts.insert(document);
          return undefined;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          const found = await this.#findStored(document._id);
          // It may be ours, if the answer to our insert was lost.
          if (found?.plan.operationId.equals(document.plan.operationId) === true) return undefined;
          if (found !== null && !isExpired(found)) return found;
          if (round === MAX_ROUNDS) throw error;
          if (found !== null) await this.#keys.deleteOne({ _id: found._id, expiresAt: found.expiresAt });
        }
      }
    });
  }

  async find(id: string): Promise<KeyDocument | undefined> {
    const found = await this.#service.run(() => this.#findStored(id));
    return found === null || isExpired(found) ? undefined : found;
  }

  /**
   * Begins a new attempt.
   * @returns the key as it is now, since the earlier attempt may have changed its plan, or undefined if
   * somebody else was quicker
   */
  async takeOver({ _id, attempt }: KeyDocument, leaseEndsAt: Date): Promise<KeyDocument | undefined> {
    const change = { $set: { attempt: attempt + 1, leaseEndsAt } };
    // Not repeatable: the repetition could not tell our success from somebody else's.
    const taken = await this.#service.run(() =>
      this.#keys.findOneAndUpdate({ _id, attempt }, change, { returnDocument: 'after' }),
    );
    return taken ?? undefined;
  }

  /** Another plan takes the place of one that never will be done. @returns false if the attempt is over */
  async changePlan({ _id, attempt }: KeyDocument, plan: Plan): Promise<boolean> {
    const { matchedCount } = await this.#service.runRepeatable(() =>
      this.#keys.updateOne({ _id, attempt }, { $set: { plan } }),
    );
    return matchedCount > 0;
  }

  /** Ends the lease, so that a repetition need not wait. */
  async release({ _id, attempt }: KeyDocument): Promise<void> {
    const leaseEndsAt = new Date();
    await this.#service.runRepeatable(() =>
      this.#keys.updateOne({ _id, attempt }, { $set: { leaseEndsAt } }),
    );
  }

  /** How many keys the owner has, counted up to `limit`, which is at least 1. */
  countUpTo(ownerId: string, limit: number): Promise<number> {
    const owned = { ownerId: requireObjectId(ownerId) };
    return this.#service.run(() => this.#stored.count(owned, limit));
  }

  /** When the first key of the owner expires. */
  async nextExpiry(ownerId: string): Promise<Date> {
    const owned = { ownerId: requireObjectId(ownerId) };
    const first = await this.#service.run(() => this.#keys.findOne(owned, { sort: { expiresAt: 1 } }));
    return first?.expiresAt ?? new Date();
  }

  /** Some of those that have expired. */
  async removeExpired(): Promise<void> {
    const expired = { expiresAt: { $lte: new Date() } };
    const options = { projection: { _id: 1 }, limit: MAX_REMOVED } as const;
    const found = await this.#service.run(() => this.#keys.find(expired, options).toArray());
    if (found.length === 0) return;
    const ids = found.map(({ _id }) => _id);
    await this.#service.runRepeatable(() => this.#keys.deleteMany({ ...expired, _id: { $in: ids } }));
  }

  /** Of an owner who has gone. */
  async forgetOwner(ownerId: string): Promise<void> {
    await this.#service.runRepeatable(() => this.#keys.deleteMany({ ownerId: requireObjectId(ownerId) }));
  }

  #findStored(_id: string): Promise<KeyDocument | null> {
    return this.#keys.findOne({ _id }, { readPreference: 'primary' });
  }
}

function isExpired({ expiresAt }: KeyDocument): boolean {
  return expiresAt.getTime() <= Date.now();
}
