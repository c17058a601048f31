/**
 * Plays the provider's part in creating a VM. Nothing real is provisioned: a `pending` VM becomes `running`
 * after a short delay. Each worker has one and schedules what it creates. At the start and from time to time
 * it also schedules what is pending in the database, so no VM stays pending because the worker that created
 * it has died.
 *
 * VMs that are due at about the same time are started with one write, because a write costs the driver and
 * the database much more than one more VM in it.
 *
 * Several workers and processes may schedule the same VM. That is harmless: the write is conditional, so it
 * changes a VM once, and the others find it changed.
 */
import type { PendingVm, PendingVms } from './pending-vms.ts';

/** From `pending` to `running`. */
export const DEFAULT_DELAY_MS = 250;
/** VMs that are due within this time are due together, at its end. */
const BATCH_INTERVAL_MS = 20;
/** VMs in one write. It bounds how long the database is busy with it. */
export const MAX_BATCH_SIZE = 500;
/**
 * VMs that one worker keeps in memory, more than it can create within the delay. A later sweep finds the
 * others in the database.
 */
const MAX_SCHEDULED = 10_000;
/** VMs that one sweep reads. */
const MAX_SWEPT = 1_000;
/** How long to wait after a failed write, and after a sweep that may have left VMs behind. */
const RETRY_MS = 1_000;
/** From one sweep to the next. A sweep is one read of an index, which usually finds nothing. */
const SWEEP_INTERVAL_MS = 15_000;

export interface ProvisionerOptions {
  readonly pending: Pick<PendingVms, 'find' | 'start'>;
  readonly delayMs?: number;
  readonly retryMs?: number;
  readonly sweepIntervalMs?: number;
  readonly maxScheduled?: number;
  /** Called with errors in the background. The failed work is repeated. */
  readonly onError: (error: unknown) => void;
}

/** VMs that are due at the same moment. */
interface Batch {
  readonly ids: string[];
  readonly timer: NodeJS.Timeout;
}

export class Provisioner implements AsyncDisposable {
  readonly #options: Required<ProvisionerOptions>;
  /** Ids of the VMs that wait for their time, are due, or are being written. */
  readonly #known = new Set<string>();
  /** By the number of the interval at whose end they are due. */
  readonly #batches = new Map<number, Batch>();
  #due: string[] = [];
  #isWriting = false;
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
  schedule({ id, updatedAt }: PendingVm): void {
    if (this.#stopped || this.#known.has(id)) return;
    // A sweep will find it later.
    if (this.#known.size >= this.#options.maxScheduled) return;
    this.#known.add(id);
    const age = Date.now() - updatedAt.getTime();
    this.#startAfter(Math.min(Math.max(this.#options.delayMs - age, 0), this.#options.delayMs), [id]);
  }

  /** Forgets the scheduled VMs and waits for a write under way. Another worker's sweep will find the VMs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#sweepTimer);
    for (const { timer } of this.#batches.values()) clearTimeout(timer);
    this.#batches.clear();
    this.#due = [];
    this.#known.clear();
    await Promise.all(this.#underWay);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #startAfter(delayMs: number, ids: readonly string[]): void {
    const now = performance.now();
    const end = Math.ceil((now + delayMs) / BATCH_INTERVAL_MS);
    const batch = this.#batches.get(end) ?? this.#openBatch(end, end * BATCH_INTERVAL_MS - now);
    batch.ids.push(...ids);
  }

  #openBatch(end: number, delayMs: number): Batch {
    const ids: string[] = [];
    const timer = setTimeout(() => {
      this.#batches.delete(end);
      this.#due.push(...ids);
      if (!this.#isWriting) this.#track(this.#writeDue());
    }, delayMs);
    const batch = { ids, timer };
    this.#batches.set(end, batch);
    return batch;
  }

  /** One write at a time, so that clients have the worker's other connections to themselves. */
  async #writeDue(): Promise<void> {
    this.#isWriting = true;
    while (this.#due.length > 0) await this.#write(this.#due.splice(0, MAX_BATCH_SIZE));
    this.#isWriting = false;
  }

  async #write(ids: readonly string[]): Promise<void> {
    try {
      await this.#options.pending.start(ids);
      for (const id of ids) this.#known.delete(id);
    } catch (error) {
      this.#options.onError(error);
      if (!this.#stopped) this.#startAfter(this.#options.retryMs, ids);
    }
  }

  async #sweep(): Promise<void> {
    try {
      const limit = Math.min(this.#options.maxScheduled - this.#known.size, MAX_SWEPT);
      const found = await this.#options.pending.find(limit);
      for (const vm of found) this.schedule(vm);
      this.#sweepAfter(found.length < limit ? this.#options.sweepIntervalMs : this.#options.retryMs);
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
