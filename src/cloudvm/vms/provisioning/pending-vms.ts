/**
 * Finds the machines of all owners that are `pending`, oldest first. It is apart from the VM repository on
 * purpose: there every filter begins with an owner, and nothing that a request can reach may see beyond one.
 */
import type { Collection } from 'mongodb';
import { VMS } from '../../database/collections.ts';
import type { DatabaseService } from '../../database/database-service.ts';
import type { VmDocument } from '../vm-document.ts';

/** As much of a machine as it takes to start it. */
export interface PendingVm {
  readonly id: string;
  readonly ownerId: string;
  readonly updatedAt: Date;
}

const INDEX = { name: 'status_updatedAt', key: { status: 1, updatedAt: 1 } } as const;

export class PendingVms {
  readonly #service: DatabaseService;
  readonly #vms: Collection<VmDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#vms = service.collection<VmDocument>(VMS);
  }

  /** Once per process: without its index each worker that starts would read all machines. */
  async prepare(): Promise<void> {
    await this.#service.runRepeatable(() => this.#vms.createIndexes([{ ...INDEX }]));
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
