/**
 * The leases by which workers share the operations of all owners (Gray and Cheriton, "Leases"). Called by the
 * runner. It is apart from the operation repository on purpose: nothing that a request can reach may see
 * operations of more than one owner.
 *
 * An operation that is not finished has a `dueAt`. Before that time it belongs to its holder, or waits. From
 * then on any worker may take it, with one conditional write that adds one to `attempts`. So each attempt has
 * one holder, and whatever a holder writes is conditional on its attempt.
 */
import { type Collection, type Filter, ObjectId, type UpdateFilter } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import type { VmProvider } from '../../vms/vm.ts';
import { OPERATIONS, type OperationDocument } from './operation-document.ts';

/** How an operation has ended. */
export type Ending = { readonly status: 'succeeded' } | { readonly status: 'failed'; readonly error: string };

export interface OperationLeasesOptions {
  readonly service: DatabaseService;
  /** Unique among all workers of all processes. */
  readonly holder: ObjectId;
  /** A worker that is silent for so long is believed dead. */
  readonly leaseMs: number;
}

export class OperationLeases {
  readonly #service: DatabaseService;
  readonly #holder: ObjectId;
  readonly #leaseMs: number;
  readonly #operations: Collection<OperationDocument>;

  constructor({ service, holder, leaseMs }: OperationLeasesOptions) {
    this.#service = service;
    this.#holder = holder;
    this.#leaseMs = leaseMs;
    this.#operations = service.collection<OperationDocument>(OPERATIONS.name);
  }

  /**
   * Marks an operation as taken before it is stored, so that the worker which makes it need not take it with
   * a write of its own.
   */
  takeUnstored(document: OperationDocument): void {
    const now = new Date();
    document.status = 'running';
    document.attempts = 1;
    document.startedAt = now;
    document.dueAt = this.#leaseEnd();
    document.holder = this.#holder;
  }

  /** Takes the operation of a provider that is due for the longest time, if there is one. */
  takeDue(provider: VmProvider): Promise<OperationDocument | undefined> {
    return this.#take({ 'subject.provider': provider, dueAt: { $lte: new Date() } });
  }

  /** Takes one operation that nobody has, even if it is not due yet. */
  takeFree(id: ObjectId): Promise<OperationDocument | undefined> {
    return this.#take({ _id: id, status: 'queued' });
  }

  /** @returns the ids of those that this worker still has */
  async renew(ids: readonly ObjectId[]): Promise<ReadonlySet<string>> {
    const mine = { _id: { $in: [...ids] }, holder: this.#holder };
    const change = { $set: { dueAt: this.#leaseEnd() } };
    const { matchedCount } = await this.#service.run(() => this.#operations.updateMany(mine, change));
    if (matchedCount === ids.length) return new Set(ids.map((id) => id.toHexString()));
    const kept = await this.#service.run(() =>
      this.#operations.find(mine, { projection: { _id: 1 } }).toArray(),
    );
    return new Set(kept.map(({ _id }) => _id.toHexString()));
  }

  /** Gives operations back, so that others need not wait for the end of the leases. */
  async release(ids: readonly ObjectId[]): Promise<void> {
    const now = new Date();
    await this.#change(
      { _id: { $in: [...ids] }, holder: this.#holder },
      { $set: { status: 'queued', dueAt: now, updatedAt: now, holder: null }, $inc: { version: 1 } },
    );
  }

  /** Gives an operation back that has failed and is to be tried again. */
  async postpone({ _id, attempts }: OperationDocument, dueAt: Date, error: string): Promise<void> {
    await this.#change(
      { _id, attempts, holder: this.#holder },
      {
        $set: { status: 'queued', dueAt, error, updatedAt: new Date(), holder: null },
        $inc: { failures: 1, version: 1 },
      },
    );
  }

  /**
   * Notes that an operation fails, or takes that back, before the target is written.
   * @returns false if this worker has lost it
   */
  async note({ _id, attempts }: OperationDocument, failure: string | null): Promise<boolean> {
    const mine = { _id, attempts, holder: this.#holder };
    const change = { $set: { isFailing: failure !== null, error: failure } };
    const { matchedCount } = await this.#service.runRepeatable(() =>
      this.#operations.updateOne(mine, change),
    );
    return matchedCount === 1;
  }

  /** Ends operations that this worker has in the same attempt. Others stay as they are. */
  async finish(ids: readonly ObjectId[], attempts: number, ending: Ending): Promise<void> {
    const now = new Date();
    await this.#change(
      { _id: { $in: [...ids] }, attempts, holder: this.#holder },
      {
        $set: {
          status: ending.status,
          error: ending.status === 'failed' ? ending.error : null,
          finishedAt: now,
          updatedAt: now,
          dueAt: null,
          holder: null,
        },
        $inc: { version: 1 },
      },
    );
  }

  /** Forgets an operation that this worker has in the same attempt, because its reason has gone. */
  async discard({ _id, attempts }: OperationDocument): Promise<void> {
    const mine = { _id, attempts, holder: this.#holder };
    await this.#service.runRepeatable(() => this.#operations.deleteOne(mine));
  }

  /** Which of these operations are not stored. */
  async missing(ids: readonly ObjectId[]): Promise<ReadonlySet<string>> {
    const stored = await this.#service.run(() =>
      this.#operations.find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } }).toArray(),
    );
    const missing = new Set(ids.map((id) => id.toHexString()));
    for (const { _id } of stored) missing.delete(_id.toHexString());
    return missing;
  }

  /** Forgets operations that have finished before a time. */
  async forget(before: Date): Promise<void> {
    // The id of an operation holds the second in which it was made, and has an index.
    const oldest = ObjectId.createFromTime(Math.floor(before.getTime() / 1000));
    await this.#service.run(() => this.#operations.deleteMany({ _id: { $lt: oldest }, dueAt: null }));
  }

  async #take(filter: Filter<OperationDocument>): Promise<OperationDocument | undefined> {
    const taken = await this.#service.run(() =>
      this.#operations.findOneAndUpdate(
        filter,
        {
          $set: {
            status: 'running',
            dueAt: this.#leaseEnd(),
            updatedAt: new Date(),
            holder: this.#holder,
          },
          $inc: { attempts: 1, version: 1 },
          // Of all attempts, the first is the earliest. $min sets a field that is not there.
          $min: { startedAt: new Date() },
        },
        { sort: { dueAt: 1 }, returnDocument: 'after' },
      ),
    );
    return taken ?? undefined;
  }

  #change(filter: Filter<OperationDocument>, change: UpdateFilter<OperationDocument>): Promise<unknown> {
    return this.#service.runRepeatable(() => this.#operations.updateMany(filter, change));
  }

  #leaseEnd(): Date {
    return new Date(Date.now() + this.#leaseMs);
  }
}
