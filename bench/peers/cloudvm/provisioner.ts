/**
 * Brings new VMs from pending to running, as this server does: each after a short delay, a few at once, with
 * a conditional write. Unlike this server's it does not look for VMs that another process has left behind.
 */
import { type Collection, ObjectId } from 'mongodb';
import type { VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';

const DELAY_MS = 250;
const MAX_WRITES = 2;

export class Provisioner implements AsyncDisposable {
  readonly #vms: Collection<VmDocument>;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #writes = new Set<Promise<void>>();
  #due: VmDocument[] = [];

  constructor(vms: Collection<VmDocument>) {
    this.#vms = vms;
  }

  schedule(vm: VmDocument): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#due.push(vm);
      this.#writeDue();
    }, DELAY_MS);
    this.#timers.add(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
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
    await this.#vms.findOneAndUpdate(
      { status: { $in: ['pending'] }, _id, ownerId },
      { $set: { status: 'running', updatedAt: new Date(), lastWrite: new ObjectId() }, $inc: { version: 1 } },
      { returnDocument: 'after' },
    );
  }
}
