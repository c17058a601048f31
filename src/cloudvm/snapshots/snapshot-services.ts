/** Snapshots in one worker: their repository, and what their requests begin. Opened by services.ts. */
import type { ObjectId } from 'mongodb';
import { BlockedIds } from '../database/blocked-ids.ts';
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import type { OperationServices } from '../operations/operation-services.ts';
import { SNAPSHOT_STATUSES_OF_VM } from '../vms/lifecycle.ts';
import { StatusConflictError } from '../vms/repository/vm-errors.ts';
import type { VmRepository } from '../vms/repository/vm-repository.ts';
import type { Vm } from '../vms/vm.ts';
import {
  newSnapshotDocument,
  SNAPSHOTS,
  type SnapshotDocument,
  toSnapshot,
} from './repository/snapshot-document.ts';
import { SnapshotPendingError, type SnapshotRepository } from './repository/snapshot-repository.ts';
import type { Snapshot } from './snapshot.ts';

export interface BegunSnapshot {
  readonly snapshot: Snapshot;
  /** Hexadecimal. */
  readonly operationId: string;
}

/** What was drawn for a snapshot before it was stored. */
export interface DrawnSnapshot {
  readonly targetId: ObjectId;
  readonly operationId: ObjectId;
}

export interface SnapshotServicesOptions {
  readonly database: DatabaseService;
  readonly repository: SnapshotRepository;
  readonly vms: Pick<VmRepository, 'findById'>;
  readonly operations: OperationServices;
}

/** Once per process. Idempotent. */
export async function prepareSnapshots(database: DatabaseService): Promise<void> {
  await prepareCollections(database, [SNAPSHOTS]);
}

export class SnapshotServices {
  readonly repository: SnapshotRepository;
  readonly #vms: Pick<VmRepository, 'findById'>;
  readonly #operations: OperationServices;
  readonly #blocked: BlockedIds;

  constructor({ database, repository, vms, operations }: SnapshotServicesOptions) {
    this.#blocked = new BlockedIds(database, SNAPSHOTS.name);
    this.repository = repository;
    this.#vms = vms;
    this.#operations = operations;
  }

  /** The VM that a snapshot is to be taken of, if it exists. @throws StatusConflictError */
  async findVmAtRest(ownerId: string, id: string): Promise<Vm | undefined> {
    const vm = await this.#vms.findById(ownerId, id);
    // It may change its status right after this look. Then the provider decides whether it can be done.
    if (vm !== undefined && !SNAPSHOT_STATUSES_OF_VM.includes(vm.status)) {
      throw new StatusConflictError(vm.status);
    }
    return vm;
  }

  /**
   * @returns undefined if there is no such VM, or not any more
   * @throws StatusConflictError
   */
  async begin(
    ownerId: string,
    vmId: string,
    name: string,
    requestId?: string,
  ): Promise<BegunSnapshot | undefined> {
    const vm = await this.findVmAtRest(ownerId, vmId);
    if (vm === undefined) return undefined;
    const document = newSnapshotDocument(vm, name);
    if (!(await this.takeDrawn(vm, document, requestId))) return undefined;
    return { snapshot: toSnapshot(document), operationId: document.operationId.toHexString() };
  }

  /**
   * As `begin`, for a snapshot that a repetition of the request may know of.
   * @returns false if its id is blocked, or if the VM has been deleted meanwhile
   */
  async takeDrawn(vm: Vm, document: SnapshotDocument, requestId?: string): Promise<boolean> {
    if (!(await this.repository.create(document))) return false;
    // A deletion of the VM also deletes its snapshots, but only those that were stored before.
    if ((await this.#vms.findById(vm.ownerId, vm.id)) === undefined) {
      await this.repository.deleteOfVm(document.vmId);
      return false;
    }
    const snapshot = toSnapshot(document);
    await this.#operations.begin({ id: document.operationId, kind: 'snapshot', vm, snapshot, requestId });
    return true;
  }

  /**
   * Goes on with a snapshot that somebody has drawn up, if it was stored. If not, it never will be.
   * @returns whether taking it has begun
   */
  async resume(ownerId: string, vmId: string, drawn: DrawnSnapshot, requestId?: string): Promise<boolean> {
    const { targetId, operationId } = drawn;
    const vm = await this.#vms.findById(ownerId, vmId);
    // Without its VM, nobody can take it any more.
    if (vm === undefined) return this.#operations.repository.isStored(ownerId, operationId);
    const snapshot = await this.repository.findCurrent(ownerId, targetId.toHexString());
    if (snapshot !== undefined) {
      await this.#operations.begin({ id: operationId, kind: 'snapshot', vm, snapshot, requestId });
      return true;
    }
    // If it is stored at this very moment, it will be found.
    if (!(await this.#blocked.block(targetId))) return this.resume(ownerId, vmId, drawn, requestId);
    if (!(await this.#operations.repository.isStored(ownerId, operationId))) return false;
    // It was taken, and deleted since.
    await this.#blocked.unblock(targetId);
    return true;
  }

  /**
   * Deletes a snapshot, and then removes it from the provider.
   * @returns whether it existed
   * @throws SnapshotPendingError
   */
  async delete(ownerId: string, id: string, requestId?: string): Promise<boolean> {
    const { repository } = this;
    const snapshot = await repository.find(ownerId, id);
    // A removal need not be stored for what will be refused.
    if (snapshot?.status === 'pending') throw new SnapshotPendingError();
    const vm = snapshot && (await this.#vms.findById(ownerId, snapshot.vmId));
    // Without its VM, the provider has removed the snapshot with it.
    if (snapshot === undefined || vm === undefined) return repository.delete(ownerId, id);
    const removal = { kind: 'removeSnapshot', vm, snapshot, requestId } as const;
    return this.#operations.removeAfter(removal, () => repository.delete(ownerId, id));
  }
}
