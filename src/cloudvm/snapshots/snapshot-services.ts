/** Snapshots in one worker: their repository, and what their requests begin. Opened by services.ts. */
import { ObjectId } from 'mongodb';
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { requireObjectId } from '../database/object-id.ts';
import type { OperationServices } from '../operations/operation-services.ts';
import { SNAPSHOT_STATUSES_OF_VM } from '../vms/lifecycle.ts';
import { StatusConflictError } from '../vms/repository/vm-errors.ts';
import type { VmRepository } from '../vms/repository/vm-repository.ts';
import type { Vm } from '../vms/vm.ts';
import { SNAPSHOTS } from './repository/snapshot-document.ts';
import { SnapshotPendingError, type SnapshotRepository } from './repository/snapshot-repository.ts';
import type { Snapshot } from './snapshot.ts';

export interface BegunSnapshot {
  readonly snapshot: Snapshot;
  /** Hexadecimal. */
  readonly operationId: string;
}

export interface SnapshotServicesOptions {
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

  constructor({ repository, vms, operations }: SnapshotServicesOptions) {
    this.repository = repository;
    this.#vms = vms;
    this.#operations = operations;
  }

  /**
   * @returns undefined if the VM has been deleted meanwhile
   * @throws StatusConflictError
   */
  async begin(vm: Vm, name: string): Promise<BegunSnapshot | undefined> {
    // The VM may change its status right after this look. Then the provider decides whether it can be done.
    if (!SNAPSHOT_STATUSES_OF_VM.includes(vm.status)) throw new StatusConflictError(vm.status);
    const operationId = new ObjectId();
    const snapshot = await this.repository.create(vm, name, operationId);
    // A deletion of the VM also deletes its snapshots, but only those that were stored before.
    if ((await this.#vms.findById(vm.ownerId, vm.id)) === undefined) {
      await this.repository.deleteOfVm(requireObjectId(vm.id));
      return undefined;
    }
    await this.#operations.begin({ id: operationId, kind: 'snapshot', vm, snapshot });
    return { snapshot, operationId: operationId.toHexString() };
  }

  /**
   * Deletes a snapshot, and then removes it from the provider.
   * @returns whether it existed
   * @throws SnapshotPendingError
   */
  async delete(ownerId: string, id: string): Promise<boolean> {
    const { repository } = this;
    const snapshot = await repository.find(ownerId, id);
    // A removal need not be stored for what will be refused.
    if (snapshot?.status === 'pending') throw new SnapshotPendingError();
    const vm = snapshot && (await this.#vms.findById(ownerId, snapshot.vmId));
    // Without its VM, the provider has removed the snapshot with it.
    if (snapshot === undefined || vm === undefined) return repository.delete(ownerId, id);
    const removal = { kind: 'removeSnapshot', vm, snapshot } as const;
    return this.#operations.removeAfter(removal, () => repository.delete(ownerId, id));
  }
}
