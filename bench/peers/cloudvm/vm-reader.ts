/**
 * Two ways to read a VM by its id. In the second, simultaneous reads become one query, the query that this
 * server sends. It shows what batching brings by itself, whatever the architecture.
 */
import DataLoader from 'dataloader';
import type { Collection, ObjectId } from 'mongodb';
import { anyOf } from '../../../src/cloudvm/database/object-id.ts';
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

interface Identity {
  readonly _id: ObjectId;
  readonly ownerId: ObjectId;
}

/**
 * Collects reads for one round of the event loop. A microtask would be too soon, because Node.js runs all of
 * them between two requests. Nothing is remembered after the query.
 */
export class BatchedVmReader implements VmReader {
  readonly #loader: DataLoader<Identity, VmDocument | null>;

  constructor(vms: Collection<VmDocument>) {
    const load = async (identities: readonly Identity[]) => {
      const filter = {
        ownerId: anyOf(identities.map(({ ownerId }) => ownerId.toHexString())),
        _id: anyOf(identities.map(({ _id }) => _id.toHexString())),
      };
      const limit = identities.length;
      const found = await vms.find(filter, { limit, batchSize: limit + 1 }).toArray();
      const byKey = new Map(found.map((vm) => [keyOf(vm), vm]));
      return identities.map((identity) => byKey.get(keyOf(identity)) ?? null);
    };
    this.#loader = new DataLoader(load, {
      cache: false,
      maxBatchSize: MAX_BATCH_SIZE,
      batchScheduleFn: (send) => setImmediate(send),
    });
  }

  read(ownerId: ObjectId, id: ObjectId): Promise<VmDocument | null> {
    return this.#loader.load({ _id: id, ownerId });
  }
}

function keyOf({ ownerId, _id }: Identity): string {
  return ownerId.toHexString() + _id.toHexString();
}
