/**
 * Finds and starts `pending` VMs of all owners. Called by the provisioner. It is apart from the VM repository
 * on purpose: nothing that a request can reach may see VMs of more than one owner.
 */
import { type Collection, ObjectId } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import { anyOf } from '../../database/object-id.ts';
import { VMS, type VmDocument } from '../repository/vm-document.ts';
import { VM_TRANSITIONS } from '../vm.ts';

/** The fields of a VM that the provisioner needs. */
export interface PendingVm {
  readonly id: string;
  readonly updatedAt: Date;
}

export class PendingVms {
  readonly #service: DatabaseService;
  readonly #vms: Collection<VmDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#vms = service.collection<VmDocument>(VMS.name);
  }

  /** The oldest first. @param limit 0 finds nothing */
  async find(limit: number): Promise<readonly PendingVm[]> {
    if (limit <= 0) return [];
    const found = await this.#service.run(() =>
      this.#vms
        .find({ status: 'pending' }, { sort: { updatedAt: 1 }, limit, projection: { updatedAt: 1 } })
        .toArray(),
    );
    return found.map(({ _id, updatedAt }) => ({ id: _id.toHexString(), updatedAt }));
  }

  /**
   * One write brings all of them to running. VMs that are no longer pending, or were deleted, stay as they
   * are. So it may run twice, and several workers may start the same VM.
   */
  async start(ids: readonly string[]): Promise<void> {
    const { from, to } = VM_TRANSITIONS.started;
    const pending = { _id: anyOf(ids), status: { $in: [...from] } };
    const started = { status: to, updatedAt: new Date(), lastWrite: new ObjectId() };
    await this.#service.runRepeatable(() =>
      this.#vms.updateMany(pending, { $set: started, $inc: { version: 1 } }),
    );
  }
}
