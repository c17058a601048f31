/**
 * Plays the provider's part in creating a VM. Nothing real is provisioned: a `pending` VM becomes `running`
 * after a short delay. Each worker has one and schedules what it creates. At the start and from time to time
 * it also schedules what is pending in the database, so no VM stays pending because the worker that created
 * it has died.
 *
 * Several workers and processes may schedule the same VM. That is harmless: the change is a conditional
 * write, which succeeds for one of them and finds nothing to do for the others.
 */
import { StatusConflictError } from '../repository/vm-errors.ts';
import type { VmRepository } from '../repository/vm-repository.ts';
import { VM_TRANSITIONS, type Vm } from '../vm.ts';
import type { PendingVm, PendingVms } from './pending-vms.ts';

/** From `pending` to `running`. */
export const DEFAULT_DELAY_MS = 250;
/** VMs that one worker keeps in memory. A later sweep finds the others in the database. */
const MAX_SCHEDULED = 1_000;
/** Simultaneous writes. However many VMs are due, most of the worker's connections stay free for clients. */
const MAX_WRITES = 2;
/** How long to wait after a failed write, and after a sweep that found more VMs than fit. */
const RETRY_MS = 1_000;
/** From one sweep to the next. A sweep is one read of an index, which usually finds nothing. */
const SWEEP_INTERVAL_MS = 15_000;

export interface ProvisionerOptions {
  readonly vms: Pick<VmRepository, 'changeStatus'>;
  readonly pending: Pick<PendingVms, 'find'>;
  readonly delayMs?: number;
  readonly retryMs?: number;
  readonly sweepIntervalMs?: number;
  readonly maxScheduled?: number;
  /** Called with errors in the background. The failed work is repeated. */
  readonly onError: (error: unknown) => void;
}

export class Provisioner implements AsyncDisposable {
  readonly #options: Required<ProvisionerOptions>;
  /** Ids of the VMs that wait for their time, are due, or are being written. */
  readonly #known = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #due: PendingVm[] = [];
  #writes = 0;
  readonly #underWay = new Set<Promise<void>>();
  #sweepTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ProvisionerOptions) {
    this.#options = {
      delayMs: DEFAULT_DELAY_MS,
      retryMs: RETRY_MS,
      sweepIntervalMs: SWEEP_INTERVAL_MS,
      maxScheduled: MAX_SCHEDULED,
      ...options,
    };
  }

  /** How many VMs it will start. */
  get scheduled(): number {
    return this.#known.size;
  }

  /** Sweeps for VMs that somebody left pending, in the background, until `stop`. */
  start(): void {
    this.#track(this.#sweep());
  }

  /** Called when a VM has been created. */
  schedule(vm: Pick<Vm, 'id' | 'ownerId' | 'updatedAt'>): void {
    if (this.#stopped || this.#known.has(vm.id)) return;
    // A sweep will find it later.
    if (this.#known.size >= this.#options.maxScheduled) return;
    this.#known.add(vm.id);
    const age = Date.now() - vm.updatedAt.getTime();
    const delay = Math.min(Math.max(this.#options.delayMs - age, 0), this.#options.delayMs);
    this.#setTimer(vm, delay);
  }

  /** Forgets the scheduled VMs and waits for writes under way. Another worker's sweep will find the VMs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#sweepTimer);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#due = [];
    this.#known.clear();
    await Promise.all(this.#underWay);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #setTimer(vm: PendingVm, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#due.push(vm);
      this.#writeDue();
    }, delayMs);
    this.#timers.add(timer);
  }

  #writeDue(): void {
    while (this.#writes < MAX_WRITES) {
      const vm = this.#due.shift();
      if (vm === undefined) return;
      this.#writes += 1;
      this.#track(this.#write(vm));
    }
  }

  async #write(vm: PendingVm): Promise<void> {
    try {
      await this.#options.vms.changeStatus(vm.ownerId, vm.id, VM_TRANSITIONS.started);
      this.#known.delete(vm.id);
    } catch (error) {
      if (error instanceof StatusConflictError) {
        // Another worker was faster.
        this.#known.delete(vm.id);
      } else {
        this.#options.onError(error);
        if (!this.#stopped) this.#setTimer(vm, this.#options.retryMs);
      }
    }
    this.#writes -= 1;
    this.#writeDue();
  }

  async #sweep(): Promise<void> {
    try {
      const room = this.#options.maxScheduled - this.#known.size;
      const found = await this.#options.pending.find(room);
      for (const vm of found) this.schedule(vm);
      this.#sweepAfter(found.length < room ? this.#options.sweepIntervalMs : this.#options.retryMs);
    } catch (error) {
      this.#options.onError(error);
      this.#sweepAfter(this.#options.retryMs);
    }
  }

  #sweepAfter(delayMs: number): void {
    if (this.#stopped) return;
    this.#sweepTimer = setTimeout(() => this.#track(this.#sweep()), delayMs);
  }

  /** Lets `stop` wait for the work, which never rejects. */
  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }
}
