/**
 * Plays the provider's part in creating a machine: a machine that is `pending` becomes `running` after a short
 * delay, as nothing real is provisioned. Each worker has one, and schedules what it creates; on start and now
 * and then it also schedules what is pending in the database, so nothing stays pending because the worker that
 * created it has ended, in whatever way.
 *
 * Several may schedule the same machine, in several workers and processes. That is harmless: the change is a
 * conditional write, which succeeds for one of them and finds nothing to do for the others.
 */
import { StatusConflictError } from '../../database/errors.ts';
import { VM_TRANSITIONS, type Vm } from '../vm.ts';
import type { VmRepository } from '../vm-repository.ts';
import type { PendingVm, PendingVms } from './pending-vms.ts';

/** From `pending` to `running`. */
export const DEFAULT_DELAY_MS = 250;
/** Machines that one worker has in mind; the ones beyond are found in the database later. */
const MAX_SCHEDULED = 1_000;
/** Writes at once: however many machines are due, most of the worker's connections are left to its clients. */
const MAX_WRITES = 2;
/** How long to wait after the database refused, and for a sweep to follow one that found more than fits. */
const RETRY_MS = 1_000;
/** From one sweep to the next. Each is one read of an index that finds nothing as a rule. */
const SWEEP_INTERVAL_MS = 15_000;

export interface ProvisionerOptions {
  readonly vms: Pick<VmRepository, 'changeStatus'>;
  readonly pending: Pick<PendingVms, 'find'>;
  readonly delayMs?: number;
  readonly retryMs?: number;
  readonly sweepIntervalMs?: number;
  readonly maxScheduled?: number;
  /** Told of what went wrong in the background; it is tried again. */
  readonly onError: (error: unknown) => void;
}

export class Provisioner implements AsyncDisposable {
  readonly #options: Required<ProvisionerOptions>;
  /** Ids of the machines that it has in mind: their time has not come, or they are due, or being written. */
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

  /** Machines that it will start. */
  get scheduled(): number {
    return this.#known.size;
  }

  /** Looks for machines that somebody left pending, in the background, again and again until `stop`. */
  start(): void {
    this.#track(this.#sweep());
  }

  /** Called when a machine has been created. */
  schedule(vm: Pick<Vm, 'id' | 'ownerId' | 'updatedAt'>): void {
    if (this.#stopped || this.#known.has(vm.id)) return;
    // Beyond that a sweep will find it.
    if (this.#known.size >= this.#options.maxScheduled) return;
    this.#known.add(vm.id);
    const age = Date.now() - vm.updatedAt.getTime();
    const delay = Math.min(Math.max(this.#options.delayMs - age, 0), this.#options.delayMs);
    this.#setTimer(vm, delay);
  }

  /** Forgets what is scheduled (the next sweep of another worker finds it) and lets what is under way finish. */
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
        // Another worker was first.
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

  /** So that `stop` can wait for it; what is given here is never rejected. */
  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }
}
