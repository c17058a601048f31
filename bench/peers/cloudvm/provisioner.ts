/**
 * Brings new VMs from pending to running, as this server does: each after a short delay. Unlike this server's
 * it does not look for VMs that another process has left behind.
 */
import type { VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import type { VmStarter } from './vm-starter.ts';

const DELAY_MS = 250;

export class Provisioner implements AsyncDisposable {
  readonly #starter: VmStarter;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(starter: VmStarter) {
    this.#starter = starter;
  }

  schedule(vm: VmDocument): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#starter.start(vm);
    }, DELAY_MS);
    this.#timers.add(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#starter[Symbol.asyncDispose]();
  }
}
