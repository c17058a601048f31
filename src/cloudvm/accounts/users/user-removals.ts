/**
 * The deleted accounts of which something may be left, shared among workers by leases: a removal belongs to
 * the worker that has taken it until its time is over. Called by AccountRemoval. It is apart from the user
 * repository on purpose: nothing that a request can reach may see deleted accounts.
 */
import type { Collection } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import { requireObjectId } from '../../database/object-id.ts';
import { USERS, type UserDocument } from './user-document.ts';

export interface DeletedUser {
  /** Hexadecimal, in lower case. */
  readonly id: string;
  readonly deletedAt: Date;
}

export class UserRemovals {
  readonly #service: DatabaseService;
  readonly #users: Collection<UserDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#users = service.collection<UserDocument>(USERS.name);
  }

  /** Takes the one that is due for the longest time, if any is. Nobody else can until the lease ends. */
  async take(leaseMs: number): Promise<DeletedUser | undefined> {
    const now = Date.now();
    const due = { removalDueAt: { $lte: new Date(now) } };
    const lease = { $set: { removalDueAt: new Date(now + leaseMs) } };
    const taken = await this.#service.run(() =>
      this.#users.findOneAndUpdate(due, lease, { sort: { removalDueAt: 1 } }),
    );
    if (taken?.deletedAt === undefined) return undefined;
    return { id: taken._id.toHexString(), deletedAt: taken.deletedAt };
  }

  /** Anybody may take it from that time on. */
  async postpone({ id }: DeletedUser, removalDueAt: Date): Promise<void> {
    const _id = requireObjectId(id);
    await this.#service.runRepeatable(() => this.#users.updateOne({ _id }, { $set: { removalDueAt } }));
  }

  /** Nothing is left of it. */
  async finish({ id }: DeletedUser): Promise<void> {
    const deleted = { _id: requireObjectId(id), deletedAt: { $exists: true } };
    await this.#service.runRepeatable(() => this.#users.deleteOne(deleted));
  }
}
