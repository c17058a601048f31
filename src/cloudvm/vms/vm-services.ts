/** VMs in one worker: their repository, and what their requests begin. Opened by services.ts. */
import { ObjectId } from 'mongodb';
import { BlockedIds } from '../database/blocked-ids.ts';
import { dropIndex, prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { requireObjectId } from '../database/object-id.ts';
import type { OperationServices } from '../operations/operation-services.ts';
import type { SnapshotRepository } from '../snapshots/repository/snapshot-repository.ts';
import { DELETABLE_STATUSES, type VmAction } from './lifecycle.ts';
import { addTagTexts } from './repository/tag-texts.ts';
import { type NewVmDocument, newVmDocument, toVm, VMS } from './repository/vm-document.ts';
import { StatusConflictError, VersionMismatchError } from './repository/vm-errors.ts';
import { VmRepository } from './repository/vm-repository.ts';
import type { NewVm, Vm } from './vm.ts';
import { VmQuota, VmQuotaExceededError } from './vm-quota.ts';

/** A VM, and the operation that goes on. */
export interface BegunVm {
  readonly vm: Vm;
  /** Hexadecimal. */
  readonly operationId: string;
}

/** What was drawn for a VM before it was stored. */
export interface DrawnVm {
  readonly targetId: ObjectId;
  readonly operationId: ObjectId;
}

/** An action on a VM of a certain version. */
export interface PlannedAction extends DrawnVm {
  readonly version?: number;
  readonly at: Date;
}

export interface VmServicesOptions {
  readonly operations: OperationServices;
  readonly snapshots: SnapshotRepository;
  /** Told that a VM has changed in another way than by an operation. */
  readonly onChange: () => void;
  readonly maxVmsPerUser?: number;
}

export const DEFAULT_MAX_VMS_PER_USER = 1_000;

/** A VM was once unique by the key of the request that made it, and now all would have none. */
const FORMER_INDEX = 'owner_creation';

/** Once per process. Idempotent. */
export async function prepareVms(database: DatabaseService): Promise<void> {
  await dropIndex(database, VMS.name, FORMER_INDEX);
  await addTagTexts(database);
  await prepareCollections(database, [VMS]);
}

export class VmServices {
  readonly repository: VmRepository;
  readonly #operations: OperationServices;
  readonly #snapshots: SnapshotRepository;
  readonly #onChange: () => void;
  readonly #quota: VmQuota;
  readonly #blocked: BlockedIds;

  constructor(database: DatabaseService, options: VmServicesOptions) {
    const { operations, snapshots, onChange, maxVmsPerUser = DEFAULT_MAX_VMS_PER_USER } = options;
    this.repository = new VmRepository(database);
    this.#blocked = new BlockedIds(database, VMS.name);
    this.#quota = new VmQuota({
      max: maxVmsPerUser,
      count: (ownerId, limit) => this.repository.countUpTo(ownerId, limit),
    });
    this.#operations = operations;
    this.#snapshots = snapshots;
    this.#onChange = onChange;
  }

  /** Stores a VM and begins to create it. @throws VmQuotaExceededError */
  async create(ownerId: string, newVm: NewVm, requestId?: string): Promise<BegunVm> {
    const isNearLimit = await this.refuseBeyondLimit(ownerId);
    const document = newVmDocument(requireObjectId(ownerId), newVm);
    await this.createDrawn(document, isNearLimit, requestId);
    return { vm: toVm(document), operationId: document.operationId.toHexString() };
  }

  /**
   * Before a creation.
   * @returns whether the limit is so near that others may reach it meanwhile
   * @throws VmQuotaExceededError
   */
  async refuseBeyondLimit(ownerId: string): Promise<boolean> {
    if (!(await this.#quota.isNear(ownerId))) return false;
    if (await this.#quota.isFull(ownerId)) throw new VmQuotaExceededError(this.#quota.max);
    return true;
  }

  /**
   * As `create`, for a VM that a repetition of the request may know of.
   * @param isNearLimit as `refuseBeyondLimit` has told
   * @returns false if its id is blocked
   * @throws VmQuotaExceededError
   */
  async createDrawn(document: NewVmDocument, isNearLimit: boolean, requestId?: string): Promise<boolean> {
    const vm = toVm(document);
    if (!(await this.repository.create(document))) return false;
    if (isNearLimit && (await this.#quota.isExceeded(vm.ownerId))) {
      // Unless a repetition of the request has found it, and goes on with it.
      if (await this.repository.takeBack(document)) throw new VmQuotaExceededError(this.#quota.max);
    }
    await this.#operations.begin({ id: document.operationId, kind: 'create', vm, requestId });
    return true;
  }

  /**
   * Goes on with a creation that somebody has drawn up, if its VM was stored. If not, it never will be.
   * @returns whether the creation has begun
   */
  async resumeCreation(ownerId: string, drawn: DrawnVm, requestId?: string): Promise<boolean> {
    const { targetId, operationId } = drawn;
    const kept = await this.repository.keep(ownerId, targetId);
    if (kept !== undefined) {
      await this.#operations.begin({ id: operationId, kind: 'create', vm: kept.vm, requestId });
      return true;
    }
    // If it is stored at this very moment, it will be found.
    if (!(await this.#blocked.block(targetId))) return this.resumeCreation(ownerId, drawn, requestId);
    if (!(await this.#operations.repository.isStored(ownerId, operationId))) return false;
    // It was created, and deleted since.
    await this.#blocked.unblock(targetId);
    return true;
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
    requestId?: string,
  ): Promise<BegunVm | undefined> {
    const operationId = new ObjectId();
    const vm = await this.repository.begin(ownerId, id, action, operationId, expectedVersion);
    if (vm === undefined) return undefined;
    await this.#operations.begin({ id: operationId, kind: action, vm, requestId });
    return { vm, operationId: operationId.toHexString() };
  }

  /**
   * As `begin`, for an action that a repetition of the request may know of. Nobody can begin it once the VM
   * has another version, because a VM never has the same version twice.
   * @returns whether it has begun, be it before. If not, it never will
   */
  async beginPlanned(
    ownerId: string,
    action: VmAction,
    planned: PlannedAction,
    requestId?: string,
  ): Promise<boolean> {
    const { targetId, operationId, version, at } = planned;
    const id = targetId.toHexString();
    try {
      const vm = await this.repository.begin(ownerId, id, action, operationId, version, at);
      if (vm === undefined) return this.#hasBegun(ownerId, operationId);
      await this.#operations.begin({ id: operationId, kind: action, vm, requestId });
      return true;
    } catch (error) {
      if (!(error instanceof VersionMismatchError)) throw error;
      return this.resumePlanned(ownerId, action, planned, requestId);
    }
  }

  /** As `beginPlanned`, for an action that may have begun already. */
  async resumePlanned(
    ownerId: string,
    action: VmAction,
    planned: PlannedAction,
    requestId?: string,
  ): Promise<boolean> {
    const { targetId, operationId, version } = planned;
    const current = await this.repository.findCurrent(ownerId, targetId.toHexString());
    if (current?.operationId?.equals(operationId) === true) {
      await this.#operations.begin({ id: operationId, kind: action, vm: current.vm, requestId });
      return true;
    }
    if (current?.vm.version === version) return this.beginPlanned(ownerId, action, planned, requestId);
    // A later operation, or the deletion of the VM, can begin only once this one is stored.
    return this.#hasBegun(ownerId, operationId);
  }

  /**
   * Deletes a VM with its snapshots, and then removes both from the provider.
   * @returns whether it existed
   * @throws StatusConflictError, VersionMismatchError
   */
  async delete(
    ownerId: string,
    id: string,
    expectedVersion: number | undefined,
    requestId?: string,
  ): Promise<boolean> {
    const { repository } = this;
    const vm = await repository.findById(ownerId, id);
    if (vm === undefined) return false;
    // A removal need not be stored for what will be refused.
    if (expectedVersion !== undefined && vm.version !== expectedVersion) {
      throw new VersionMismatchError(vm.version);
    }
    if (!DELETABLE_STATUSES.includes(vm.status)) throw new StatusConflictError(vm.status);
    return this.#operations.removeAfter({ kind: 'remove', vm, requestId }, async () => {
      const isDeleted = await repository.delete(ownerId, id, expectedVersion);
      if (isDeleted) await this.#snapshots.deleteOfVm(requireObjectId(vm.id));
      return isDeleted;
    });
  }

  #hasBegun(ownerId: string, operationId: ObjectId): Promise<boolean> {
    return this.#operations.repository.isStored(ownerId, operationId);
  }

  #changed(vm: Vm | undefined): Vm | undefined {
    if (vm !== undefined) this.#onChange();
    return vm;
  }
}
