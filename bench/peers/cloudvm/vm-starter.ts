/**
 * Two ways to bring VMs that are due from pending to running, with conditional writes. In the second, those
 * that are due at about the same time are started with one write, as in this server.
 */
import { type Collection, ObjectId } from 'mongodb';
import type { VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';

export interface VmStarter extends AsyncDisposable {
  start(vm: VmDocument): void;
}

const MAX_WRITES = 2;

export class SingleVmStarter implements VmStarter {
  readonly #vms: Collection<VmDocument>;
  readonly #writes = new Set<Promise<void>>();
  #due: VmDocument[] = [];

  constructor(vms: Collection<VmDocument>) {
    this.#vms = vms;
  }

  start(vm: VmDocument): void {
    this.#due.push(vm);
    this.#writeDue();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#due = [];
    await Promise.all(this.#writes);
  }

  #writeDue(): void {
    while (this.#writes.size < MAX_WRITES) {
      const vm = this.#due.shift();
      if (vm === undefined) return;
      const write = this.#write(vm).finally(() => {
        this.#writes.delete(write);
        this.#writeDue();
      });
      this.#writes.add(write);
    }
  }

  async #write({ _id, ownerId }: VmDocument): Promise<void> {
    const pending = { status: { $in: ['pending' as const] }, _id, ownerId };
    await this.#vms.findOneAndUpdate(pending, started(), { returnDocument: 'after' });
  }
}

const BATCH_INTERVAL_MS = 20;
const MAX_BATCH_SIZE = 500;

export class BatchedVmStarter implements VmStarter {
  readonly #vms: Collection<VmDocument>;
  #due: ObjectId[] = [];
  #timer: NodeJS.Timeout | undefined;
  #write = Promise.resolve();

  constructor(vms: Collection<VmDocument>) {
    this.#vms = vms;
  }

  start({ _id }: VmDocument): void {
    this.#due.push(_id);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write = this.#write.then(() => this.#writeDue());
    }, BATCH_INTERVAL_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#due = [];
    await this.#write;
  }

  async #writeDue(): Promise<void> {
    while (this.#due.length > 0) {
      const pending = { _id: { $in: this.#due.splice(0, MAX_BATCH_SIZE) }, status: 'pending' as const };
      await this.#vms.updateMany(pending, started());
    }
  }
}

function started() {
  return {
    $set: { status: 'running' as const, updatedAt: new Date(), lastWrite: new ObjectId() },
    $inc: { version: 1 },
  };
}
