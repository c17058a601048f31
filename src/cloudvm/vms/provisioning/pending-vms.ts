/**
 * Finds the VMs of all owners that are `pending`, oldest first. Called by the provisioner. It is apart from
 * the VM repository on purpose: nothing that a request can reach may see VMs of more than one owner.
 */
import type { Collection } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import { VMS, type VmDocument } from '../repository/vm-document.ts';

/** The fields of a VM that the provisioner needs. */
export interface PendingVm {
  readonly id: string;
  readonly ownerId: string;
  readonly updatedAt: Date;
}

export class PendingVms {
  readonly #service: DatabaseService;
  readonly #vms: Collection<VmDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#vms = service.collection<VmDocument>(VMS.name);
  }

  /** @param limit 0 finds nothing */
  async find(limit: number): Promise<readonly PendingVm[]> {
    if (limit <= 0) return [];
    const found = await this.#service.run(() =>
      this.#vms
        .find(
          { status: 'pending' },
          { sort: { updatedAt: 1 }, limit, projection: { ownerId: 1, updatedAt: 1 } },
        )
        .toArray(),
    );
    return found.map(({ _id, ownerId, updatedAt }) => ({
      id: _id.toHexString(),
      ownerId: ownerId.toHexString(),
      updatedAt,
    }));
  }
}
