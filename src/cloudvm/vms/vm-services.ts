/** VMs in one worker: their repository, and what their requests begin. Opened by services.ts. */
import { ObjectId } from 'mongodb';
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { requireObjectId } from '../database/object-id.ts';
import type { OperationServices } from '../operations/operation-services.ts';
import type { SnapshotRepository } from '../snapshots/repository/snapshot-repository.ts';
import { DELETABLE_STATUSES, type VmAction } from './lifecycle.ts';
import { addTagTexts } from './repository/tag-texts.ts';
import { VMS } from './repository/vm-document.ts';
import { StatusConflictError, VersionMismatchError } from './repository/vm-errors.ts';
import { type CreatedVm, VmRepository } from './repository/vm-repository.ts';
import type { NewVm, Vm } from './vm.ts';
import { VmQuota, VmQuotaExceededError } from './vm-quota.ts';

/** A VM, and the operation that goes on. */
export interface BegunVm {
  readonly vm: Vm;
  /** Hexadecimal. Undefined only for a VM that is older than operations are. */
  readonly operationId: string | undefined;
}

export interface VmServicesOptions {
  readonly operations: OperationServices;
  readonly snapshots: SnapshotRepository;
  /** Told that a VM has changed in another way than by an operation. */
  readonly onChange: () => void;
  readonly maxVmsPerUser?: number;
}

export const DEFAULT_MAX_VMS_PER_USER = 1_000;

/** Once per process. Idempotent. */
export async function prepareVms(database: DatabaseService): Promise<void> {
  await addTagTexts(database);
  await prepareCollections(database, [VMS]);
}

export class VmServices {
  readonly repository: VmRepository;
  readonly #operations: OperationServices;
  readonly #snapshots: SnapshotRepository;
  readonly #onChange: () => void;
  readonly #quota: VmQuota;

  constructor(database: DatabaseService, options: VmServicesOptions) {
    const { operations, snapshots, onChange, maxVmsPerUser = DEFAULT_MAX_VMS_PER_USER } = options;
    this.repository = new VmRepository(database);
    this.#quota = new VmQuota({
      max: maxVmsPerUser,
      count: (ownerId, limit) => this.repository.countUpTo(ownerId, limit),
    });
    this.#operations = operations;
    this.#snapshots = snapshots;
    this.#onChange = onChange;
  }

  /**
   * Stores a VM and begins to create it, unless an earlier request with the same key has.
   * @throws VmQuotaExceededError, IdempotencyKeyReusedError
   */
  async create(ownerId: string, newVm: NewVm, idempotencyKey: string | undefined): Promise<BegunVm> {
    const { vm, replayed, operationId } = await this.#store(ownerId, newVm, idempotencyKey);
    if (!replayed && operationId !== undefined) {
      await this.#operations.begin({ id: operationId, kind: 'create', vm });
    }
    return { vm, operationId: operationId?.toHexString() };
  }

  /** As the repository's `update`. */
  async change(...change: Parameters<VmRepository['update']>): Promise<Vm | undefined> {
    return this.#changed(await this.repository.update(...change));
  }

  /** As the repository's `changeTag`. */
  async changeTag(...change: Parameters<VmRepository['changeTag']>): Promise<Vm | undefined> {
    return this.#changed(await this.repository.changeTag(...change));
  }

  /**
   * @returns undefined when there is no such VM
   * @throws StatusConflictError, VersionMismatchError
   */
  async begin(
    ownerId: string,
    id: string,
    action: VmAction,
    expectedVersion: number | undefined,
  ): Promise<BegunVm | undefined> {
    const operationId = new ObjectId();
    const vm = await this.repository.begin(ownerId, id, action, operationId, expectedVersion);
    if (vm === undefined) return undefined;
    await this.#operations.begin({ id: operationId, kind: action, vm });
    return { vm, operationId: operationId.toHexString() };
  }

  /**
   * Deletes a VM with its snapshots, and then removes both from the provider.
   * @returns whether it existed
   * @throws StatusConflictError, VersionMismatchError
   */
  async delete(ownerId: string, id: string, expectedVersion: number | undefined): Promise<boolean> {
    const { repository } = this;
    const vm = await repository.findById(ownerId, id);
    if (vm === undefined) return false;
    // A removal need not be stored for what will be refused.
    if (expectedVersion !== undefined && vm.version !== expectedVersion) {
      throw new VersionMismatchError(vm.version);
    }
    if (!DELETABLE_STATUSES.includes(vm.status)) throw new StatusConflictError(vm.status);
    return this.#operations.removeAfter({ kind: 'remove', vm }, async () => {
      const isDeleted = await repository.delete(ownerId, id, expectedVersion);
      if (isDeleted) await this.#snapshots.deleteOfVm(requireObjectId(vm.id));
      return isDeleted;
    });
  }

  async #store(ownerId: string, newVm: NewVm, key: string | undefined): Promise<CreatedVm> {
    if (!(await this.#quota.isNear(ownerId))) return this.repository.create(ownerId, newVm, key);
    if (await this.#quota.isFull(ownerId)) {
      // A repetition of an earlier request creates nothing.
      const earlier = key === undefined ? undefined : await this.repository.findCreated(ownerId, newVm, key);
      if (earlier === undefined) throw new VmQuotaExceededError(this.#quota.max);
      return earlier;
    }
    const created = await this.repository.create(ownerId, newVm, key);
    if (created.replayed || !(await this.#quota.isExceeded(ownerId))) return created;
    await this.repository.takeBack(created.vm);
    throw new VmQuotaExceededError(this.#quota.max);
  }

  #changed(vm: Vm | undefined): Vm | undefined {
    if (vm !== undefined) this.#onChange();
    return vm;
  }
}
