/**
 * What a process leaves behind that dies between two writes. There are no transactions over two documents in
 * every database that we support. So the order of the writes is such that the second can be made later:
 *
 * - A VM or snapshot that waits for an operation is stored before the operation. If the operation is missing,
 *   it is stored here.
 * - The removal of a VM or snapshot from its provider is stored before the VM or snapshot is deleted, and
 *   carried out only once it is gone.
 */
import { type Collection, ObjectId } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import { SNAPSHOTS, type SnapshotDocument } from '../../snapshots/repository/snapshot-document.ts';
import { awaiting, toVm, VMS, type VmDocument } from '../../vms/repository/vm-document.ts';
import type { Vm } from '../../vms/vm.ts';
import {
  type NewOperation,
  newOperationDocument,
  type OperationDocument,
} from '../repository/operation-document.ts';
import type { OperationLeases } from '../repository/operation-leases.ts';
import type { OperationRepository } from '../repository/operation-repository.ts';

/** An operation is stored long before that, or its process has died. */
const MISSING_AFTER_MS = 10_000;
/** Between two looks for what is missing. */
const LOOK_INTERVAL_MS = 15_000;
const MAX_FOUND = 500;
/** How long the history of a VM is kept. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;
const FORGET_INTERVAL_MS = 60 * 60 * 1000;

export interface LeftoversOptions {
  readonly service: DatabaseService;
  readonly operations: OperationRepository;
  readonly leases: OperationLeases;
  readonly missingAfterMs?: number;
}

type Identity = Pick<OperationDocument, '_id' | 'ownerId'>;

export class Leftovers {
  readonly #options: Required<LeftoversOptions>;
  readonly #vms: Collection<VmDocument>;
  readonly #snapshots: Collection<SnapshotDocument>;
  /** Where the next look goes on, because what waits for long must not hide what is missing. */
  readonly #positions = new Map<string, number>();
  #nextLook = 0;
  #nextForgetting = 0;

  constructor(options: LeftoversOptions) {
    this.#options = { missingAfterMs: MISSING_AFTER_MS, ...options };
    this.#vms = options.service.collection<VmDocument>(VMS.name);
    this.#snapshots = options.service.collection<SnapshotDocument>(SNAPSHOTS.name);
  }

  /** Whether there still is a reason for an operation. */
  async isWanted({ kind, ownerId, vmId, targetId }: OperationDocument): Promise<boolean> {
    switch (kind) {
      case 'remove':
        return !(await this.#exists(this.#vms, { _id: vmId, ownerId }));
      case 'removeSnapshot':
        return !(await this.#exists(this.#snapshots, { _id: targetId, ownerId }));
      case 'snapshot':
        return this.#exists(this.#snapshots, { _id: targetId, ownerId });
      default:
        return true;
    }
  }

  /** Snapshots that were begun while their VM was being deleted. */
  async tidy({ kind, vmId }: OperationDocument): Promise<void> {
    if (kind !== 'remove') return;
    await this.#options.service.runRepeatable(() => this.#snapshots.deleteMany({ vmId }));
  }

  /** Looks for what is missing, from time to time. */
  async look(): Promise<void> {
    const now = Date.now();
    if (now >= this.#nextLook) {
      await this.#storeMissing();
      this.#nextLook = this.#positions.size > 0 ? now : now + LOOK_INTERVAL_MS;
    }
    if (now >= this.#nextForgetting) {
      this.#nextForgetting = now + FORGET_INTERVAL_MS;
      await this.#options.leases.forget(new Date(now - KEPT_MS));
    }
  }

  async #storeMissing(): Promise<void> {
    const waiting = [...(await this.#waitingVms()), ...(await this.#waitingSnapshots())];
    if (waiting.length === 0) return;
    const missing = await this.#options.leases.missing(waiting.map(({ id }) => id));
    for (const operation of waiting) {
      if (!missing.has(operation.id.toHexString())) continue;
      if (operation.kind === 'create' && !(await this.#keep(operation.vm))) continue;
      await this.#options.operations.insert(newOperationDocument(operation));
    }
  }

  /**
   * Whoever has stored a VM beyond the quota may still take it back. From here on nobody does.
   * @returns false if it has been taken back, or deleted
   */
  async #keep({ id, ownerId }: Vm): Promise<boolean> {
    const identity = {
      _id: ObjectId.createFromHexString(id),
      ownerId: ObjectId.createFromHexString(ownerId),
    };
    const { matchedCount } = await this.#options.service.runRepeatable(() =>
      this.#vms.updateOne(identity, { $set: { isKept: true } }),
    );
    return matchedCount === 1;
  }

  async #waitingVms(): Promise<NewOperation[]> {
    const found = await this.#find(this.#vms, ['pending', 'stopping']);
    const waiting: NewOperation[] = [];
    for (const document of found) {
      const { operationId: id, operationKind: kind } = document;
      if (id === undefined || kind === undefined) await this.#adopt(document);
      else waiting.push({ id, kind, vm: toVm(document) });
    }
    return waiting;
  }

  /** A VM that is pending since before there were operations gets one. The next look stores it. */
  async #adopt({ _id }: VmDocument): Promise<void> {
    const operationId = new ObjectId();
    const change = { $set: awaiting(operationId, 'create') };
    const without = { _id, operationId: { $exists: false } };
    await this.#options.service.run(() => this.#vms.updateOne(without, change));
  }

  async #waitingSnapshots(): Promise<NewOperation[]> {
    const snapshots = await this.#find(this.#snapshots, ['pending']);
    const vms = await this.#vmsOf(snapshots);
    const orphans = snapshots.filter(({ vmId }) => !vms.has(vmId.toHexString()));
    if (orphans.length > 0) await this.#deleteOrphans(orphans);
    return snapshots.flatMap(({ _id, name, vmId, operationId }) => {
      const vm = vms.get(vmId.toHexString());
      const snapshot = { id: _id.toHexString(), name };
      return vm === undefined ? [] : [{ id: operationId, kind: 'snapshot' as const, vm, snapshot }];
    });
  }

  /** Of a process that died before it saw that their VM had been deleted meanwhile. */
  async #deleteOrphans(snapshots: readonly SnapshotDocument[]): Promise<void> {
    const ids = snapshots.map(({ _id }) => _id);
    await this.#options.service.run(() => this.#snapshots.deleteMany({ _id: { $in: ids } }));
  }

  async #vmsOf(snapshots: readonly SnapshotDocument[]): Promise<ReadonlyMap<string, Vm>> {
    if (snapshots.length === 0) return new Map();
    const ids = snapshots.map(({ vmId }) => vmId);
    const found = await this.#options.service.run(() => this.#vms.find({ _id: { $in: ids } }).toArray());
    return new Map(found.map((document) => [document._id.toHexString(), toVm(document)]));
  }

  async #find<Schema extends VmDocument | SnapshotDocument>(
    collection: Collection<Schema>,
    statuses: readonly string[],
  ): Promise<Schema[]> {
    // One query for each status, because each is one range of the index.
    const found = await Promise.all(statuses.map((status) => this.#findNext(collection, status)));
    return found.flat();
  }

  /** What has waited for long, from where the last look ended. */
  async #findNext<Schema extends VmDocument | SnapshotDocument>(
    collection: Collection<Schema>,
    status: string,
  ): Promise<Schema[]> {
    const key = `${collection.collectionName} ${status}`;
    const since = this.#positions.get(key) ?? 0;
    const before = new Date(Date.now() - this.#options.missingAfterMs);
    const found = await this.#options.service.run(() =>
      // The driver's types cannot say that both kinds of documents have these fields.
      (collection as unknown as Collection<{ status: string; updatedAt: Date }>)
        .find({ status, updatedAt: { $gte: new Date(since), $lt: before } })
        .sort({ updatedAt: 1 })
        .limit(MAX_FOUND)
        .toArray(),
    );
    const end = found.length < MAX_FOUND ? undefined : found.at(-1)?.updatedAt.getTime();
    if (end === undefined) this.#positions.delete(key);
    else this.#positions.set(key, end > since ? end : end + 1);
    return found as unknown as Schema[];
  }

  /** An id that is blocked has no owner (database/blocked-ids.ts). */
  async #exists(collection: { findOne: Collection['findOne'] }, identity: Identity): Promise<boolean> {
    const found = await this.#options.service.run(() =>
      collection.findOne(identity, { projection: { _id: 1 }, readPreference: 'primary' }),
    );
    return found !== null;
  }
}
