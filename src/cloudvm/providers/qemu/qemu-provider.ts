/**
 * Runs VMs with QEMU on this host, each in a directory of its own. Every call takes the lock of its VM, lets
 * no call pass that a later attempt has overtaken, and then looks what is there before it changes it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Provider,
  type ProviderCall,
  ProviderError,
  type ProviderSnapshot,
  type ProviderVm,
} from '../provider.ts';
import { explainFailure } from './failures.ts';
import { Fence } from './fence.ts';
import { Machine, type MachineTimeouts } from './machine.ts';
import { deleteSnapshot, takeSnapshot } from './snapshots.ts';
import { lockVm } from './vm-lock.ts';

/** A call waits most of its time, and each has a process of its own for the work. */
const CONCURRENCY = 4;
const CALL_TIMEOUT_MS = 300_000;
/** Longer than another call can take, so that its end is seen. */
const LOCK_TIMEOUT_MS = 360_000;
const FENCES = 'fences';
const ID = /^[\da-f]{24}$/;

export interface QemuProviderOptions {
  /** Absolute path. */
  readonly directory: string;
  /** Absolute path. undefined: disks are empty. */
  readonly baseImage: string | undefined;
  readonly powerdownTimeoutMs: number;
  readonly timeouts?: MachineTimeouts;
}

type Work = (machine: Machine, signal: AbortSignal) => Promise<void>;

export class QemuProvider implements Provider {
  readonly concurrency = CONCURRENCY;
  readonly #options: QemuProviderOptions;

  /** Makes the directory. */
  static async open(options: QemuProviderOptions): Promise<QemuProvider> {
    await mkdir(join(options.directory, FENCES), { recursive: true, mode: 0o700 });
    return new QemuProvider(options);
  }

  private constructor(options: QemuProviderOptions) {
    this.#options = options;
  }

  create(vm: ProviderVm, call: ProviderCall): Promise<void> {
    return this.#work(vm, call, async (machine) => {
      await machine.createDisk(vm.size, this.#options.baseImage);
      await machine.start(vm.size);
    });
  }

  start(vm: ProviderVm, call: ProviderCall): Promise<void> {
    return this.#work(vm, call, (machine) => machine.start(vm.size));
  }

  stop(vm: ProviderVm, call: ProviderCall): Promise<void> {
    return this.#work(vm, call, (machine) => machine.stop(this.#options.powerdownTimeoutMs));
  }

  restart(vm: ProviderVm, call: ProviderCall): Promise<void> {
    return this.#work(vm, call, (machine) => machine.restart(vm.size));
  }

  async snapshot(vm: ProviderVm, { id }: ProviderSnapshot, call: ProviderCall): Promise<void> {
    requireId(id);
    await this.#work(vm, call, (machine, signal) => takeSnapshot(machine, id, signal));
  }

  async removeSnapshot(vm: ProviderVm, { id }: ProviderSnapshot, call: ProviderCall): Promise<void> {
    requireId(id);
    await this.#work(vm, call, (machine, signal) => deleteSnapshot(machine, id, signal), true);
  }

  remove(vm: ProviderVm, call: ProviderCall): Promise<void> {
    return this.#work(
      vm,
      call,
      async (machine) => {
        // First, so that no call of a worker that was believed dead creates it again.
        await new Fence(join(this.#options.directory, FENCES), vm.id).close();
        await machine.remove();
      },
      true,
    );
  }

  async #work(vm: ProviderVm, call: ProviderCall, work: Work, isRemoval = false): Promise<void> {
    requireId(vm.id);
    requireId(call.operationId);
    const { directory, timeouts } = this.#options;
    const wait = { timeoutMs: LOCK_TIMEOUT_MS, signal: call.signal };
    await using lock = await lockVm(directory, vm.id, wait);
    if (lock === undefined) {
      throw new ProviderError('another operation on the VM does not end', { isPermanent: false });
    }
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const signal = AbortSignal.any([call.signal, timeout]);
    try {
      await new Fence(join(directory, FENCES), vm.id).pass(call, isRemoval);
      const machine = new Machine({ directory: join(directory, vm.id), signal, timeouts });
      await work(machine, signal);
    } catch (error) {
      if (!timeout.aborted || call.signal.aborted) throw explainFailure(error);
      throw new ProviderError('the host takes too long', { isPermanent: false, cause: error });
    }
  }
}

/** It becomes a part of paths and commands. */
function requireId(id: string): void {
  if (!ID.test(id))
    throw new ProviderError('this is no id of a VM, snapshot or operation', { isPermanent: true });
}
