/**
 * Two ways to read a VM by its id. In the second, simultaneous reads become one query. It shows what batching
 * brings by itself, whatever the architecture.
 */
import DataLoader from 'dataloader';
import { type Collection, ObjectId } from 'mongodb';
import type { VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';

export interface VmReader {
  /** @returns null for another owner's VM too */
  read(ownerId: ObjectId, id: ObjectId): Promise<VmDocument | null>;
}

export class SingleVmReader implements VmReader {
  readonly #vms: Collection<VmDocument>;

  constructor(vms: Collection<VmDocument>) {
    this.#vms = vms;
  }

  read(ownerId: ObjectId, id: ObjectId): Promise<VmDocument | null> {
    return this.#vms.findOne({ _id: id, ownerId });
  }
}

const MAX_BATCH_SIZE = 128;

/** Collects reads for one round of the event loop. Nothing is remembered after that. */
export class BatchedVmReader implements VmReader {
  readonly #loader: DataLoader<string, VmDocument | null>;

  constructor(vms: Collection<VmDocument>) {
    const load = async (ids: readonly string[]) => {
      const unique = [...new Set(ids)].map((id) => ObjectId.createFromHexString(id));
      const found = await vms.find({ _id: { $in: unique } }, { batchSize: unique.length + 1 }).toArray();
      const byId = new Map(found.map((vm) => [vm._id.toHexString(), vm]));
      return ids.map((id) => byId.get(id) ?? null);
    };
    this.#loader = new DataLoader(load, {
      cache: false,
      maxBatchSize: MAX_BATCH_SIZE,
      batchScheduleFn: (send) => setImmediate(send),
    });
  }

  async read(ownerId: ObjectId, id: ObjectId): Promise<VmDocument | null> {
    const vm = await this.#loader.load(id.toHexString());
    return vm?.ownerId.equals(ownerId) ? vm : null;
  }
}
