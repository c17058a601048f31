/**
 * The VM or the snapshot whose status an operation decides, its target. The target names the operation and
 * the attempt that may write to it, and every write is conditional on both. So a worker that was believed
 * dead, and wakes up, changes nothing (fencing). And of two writes for one attempt only the first counts.
 */
import type { Collection, ObjectId } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import type { ProviderWork } from '../../providers/provider.ts';
import { SNAPSHOTS } from '../../snapshots/repository/snapshot-document.ts';
import { LIFECYCLE } from '../../vms/lifecycle.ts';
import { VMS } from '../../vms/repository/vm-document.ts';
import type { OperationDocument } from './operation-document.ts';

/** The fields that VMs and snapshots have in common. */
export interface TargetDocument {
  _id: ObjectId;
  status: string;
  updatedAt: Date;
  version: number;
  /** The latest operation that decides, or has decided, the status. */
  operationId: ObjectId;
  /** The latest attempt of it that may write. */
  operationAttempt: number;
}

interface Statuses {
  readonly collection: string;
  /** While the operation goes on. */
  readonly during: string;
  readonly succeeded: string;
  readonly failed: string;
}

const STATUSES: Partial<Record<ProviderWork, Statuses>> = {
  create: { collection: VMS.name, ...LIFECYCLE.create },
  start: { collection: VMS.name, ...LIFECYCLE.start },
  stop: { collection: VMS.name, ...LIFECYCLE.stop },
  restart: { collection: VMS.name, ...LIFECYCLE.restart },
  snapshot: { collection: SNAPSHOTS.name, during: 'pending', succeeded: 'ready', failed: 'failed' },
};

/**
 * What has become of the target of an operation: it waits for this attempt or for a later one, an outcome was
 * written, or it was deleted.
 */
export type TargetState = 'waiting' | 'superseded' | 'settled' | 'gone';

export class OperationTargets {
  readonly #service: DatabaseService;

  constructor(service: DatabaseService) {
    this.#service = service;
  }

  /**
   * Lets only this attempt write from now on. The first attempt is allowed to from the beginning.
   * @returns 'waiting' if the outcome of this attempt is awaited
   */
  async fence(operation: OperationDocument): Promise<TargetState> {
    const statuses = STATUSES[operation.kind];
    if (statuses === undefined) return 'waiting';
    const { _id, targetId, attempts } = operation;
    const earlier = {
      _id: targetId,
      operationId: _id,
      status: statuses.during,
      operationAttempt: { $lt: attempts },
    };
    const { matchedCount } = await this.#service.runRepeatable(() =>
      this.#collection(statuses).updateOne(earlier, { $set: { operationAttempt: attempts } }),
    );
    return matchedCount === 1 ? 'waiting' : this.stateOf(operation);
  }

  /**
   * One write brings the targets of operations of one kind, in the same attempt, to the status of success.
   * @returns whether all were waiting for it. If not, `stateOf` tells which
   */
  succeed(operations: readonly OperationDocument[]): Promise<boolean> {
    return this.#settle(operations, ({ succeeded }) => succeeded);
  }

  /** @returns whether the target was waiting for it. If not, `stateOf` tells why */
  fail(operation: OperationDocument): Promise<boolean> {
    return this.#settle([operation], ({ failed }) => failed);
  }

  async #settle(
    operations: readonly OperationDocument[],
    outcome: (statuses: Statuses) => string,
  ): Promise<boolean> {
    const [first] = operations;
    const statuses = first === undefined ? undefined : STATUSES[first.kind];
    if (first === undefined || statuses === undefined) return true;
    // An operation is named by one target only, so no target passes with the operation of another.
    const waiting = {
      _id: { $in: operations.map(({ targetId }) => targetId) },
      operationId: { $in: operations.map(({ _id }) => _id) },
      operationAttempt: first.attempts,
      status: statuses.during,
    };
    const change = { $set: { status: outcome(statuses), updatedAt: new Date() }, $inc: { version: 1 } };
    const { matchedCount } = await this.#service.runRepeatable(() =>
      this.#collection(statuses).updateMany(waiting, change),
    );
    return matchedCount === operations.length;
  }

  /** Reads what has become of the target. */
  async stateOf({ _id, kind, targetId, attempts }: OperationDocument): Promise<TargetState> {
    const statuses = STATUSES[kind];
    if (statuses === undefined) return 'waiting';
    const target = await this.#service.run(() =>
      this.#collection(statuses).findOne({ _id: targetId }, { readPreference: 'primary' }),
    );
    if (target === null) return 'gone';
    // A later operation can begin only once an outcome was written.
    if (!target.operationId.equals(_id) || target.status !== statuses.during) return 'settled';
    return target.operationAttempt === attempts ? 'waiting' : 'superseded';
  }

  #collection({ collection }: Statuses): Collection<TargetDocument> {
    return this.#service.collection<TargetDocument>(collection);
  }
}
