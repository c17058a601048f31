/**
 * Two ways to count VMs for the total of a list. In the second, simultaneous counts of the same VMs become
 * one, as in this server.
 */
import DataLoader from 'dataloader';
import type { Collection, Filter } from 'mongodb';
import type { VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';

export interface VmCounter {
  count(matching: Filter<VmDocument>): Promise<number>;
}

export class SingleVmCounter implements VmCounter {
  readonly #vms: Collection<VmDocument>;

  constructor(vms: Collection<VmDocument>) {
    this.#vms = vms;
  }

  count(matching: Filter<VmDocument>): Promise<number> {
    return this.#vms.countDocuments(matching);
  }
}

export class SharedVmCounter implements VmCounter {
  readonly #loader: DataLoader<Filter<VmDocument>, number>;

  constructor(vms: Collection<VmDocument>) {
    const load = (filters: readonly Filter<VmDocument>[]) => {
      const counts = new Map<string, Promise<number>>();
      return Promise.all(
        filters.map((matching) => {
          const key = JSON.stringify(matching);
          const count = counts.get(key) ?? vms.countDocuments(matching);
          counts.set(key, count);
          return count;
        }),
      );
    };
    this.#loader = new DataLoader(load, { cache: false, batchScheduleFn: (send) => setImmediate(send) });
  }

  count(matching: Filter<VmDocument>): Promise<number> {
    return this.#loader.load(matching);
  }
}
