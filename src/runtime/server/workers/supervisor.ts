/**
 * The worker threads' lives: starts the pool, replaces what fails, hangs or dies, and ends it in order. Main thread.
 *
 * A replacement starts without waiting for the end of the worker it replaces: there are SPARE_SLOTS more slots than
 * workers, and a slot is used again only after the 'exit' of its thread. Where more end at once, replacements wait for a
 * slot. A thread that hangs in a native call keeps its slot until that returns; when more of them hang than there
 * are spare slots, the process cannot go on, and `onHopeless` is told.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type SharedMemory, SPARE_SLOTS } from '../../memory/layout.ts';
import { NO_CONNECTION } from '../../memory/protocol.ts';
import type { ToMain, WorkerStart } from '../../worker/messages.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import { type CauseOfDeath, DIED, STUCK } from './cause-of-death.ts';
import { RestartPolicy } from './restart-policy.ts';
import { WorkerHandle } from './worker-handle.ts';

export interface SupervisorOptions {
  readonly shared: SharedMemory;
  readonly workers: number;
  /** What every worker is started with. */
  readonly start: Omit<WorkerStart, 'slot'>;
  readonly heapMb: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: RuntimeLogger;
  /** The worker takes part from now on. */
  readonly onServing: (worker: WorkerHandle) => void;
  readonly onBell: () => void;
  /** The worker is stuck in a handler, and is terminated. */
  readonly onStuck: (worker: WorkerHandle) => void;
  /** It has not ended, so it hangs in a native call: nobody knows for how long. */
  readonly onHung: (worker: WorkerHandle, cause: CauseOfDeath) => void;
  /** The thread has ended: what it held is recovered here. */
  readonly onEnded: (worker: WorkerHandle, cause: CauseOfDeath) => void;
  /** The number of workers that take requests may have changed. */
  readonly onPoolChanged: (serving: number) => void;
  readonly onHopeless: (reason: string) => void;
}

/** What terminates at all, does so within milliseconds; on a machine that is busy with other things, within this. */
const HUNG_MS = 1_000;
/** A thread that hangs for this long counts as one that will not come back. */
const LOST_MS = 5_000;

/** For threads that are terminated at the end; those in a native call are left behind after it. */
const TERMINATION_MS = 500;
/** Until a worker has loaded and started the application, and until it has prepared it. */
const START_TIMEOUT_MS = 120_000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #bySlot: (WorkerHandle | null)[];
  readonly #starting = new Map<WorkerHandle, Waiter>();
  #preparing: (Waiter & { readonly worker: WorkerHandle }) | null = null;
  #reloading: Promise<void> | null = null;
  #reloadAfterwards: Promise<void> | null = null;
  #isServing = false;
  #stopping = false;
  /** Replacements that are being started, or wait until they may. */
  #replacements = 0;
  readonly #waitForSlot: (() => void)[] = [];
  readonly #restartPolicy = new RestartPolicy();
  readonly #allEnded: (() => void)[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#bySlot = new Array(options.shared.layout.slots).fill(null);
  }

  /** Every worker whose 'exit' was not seen. */
  *living(): Generator<WorkerHandle> {
    for (const worker of this.#bySlot) if (worker !== null) yield worker;
  }

  /** The worker whose thread has this slot. */
  workerIn(slot: number): WorkerHandle | undefined {
    return this.#bySlot[slot] ?? undefined;
  }

  /** Workers that take requests. */
  get serving(): number {
    let count = 0;
    for (const worker of this.living()) if (worker.phase === 'serving') count++;
    return count;
  }

  /** Starts the pool; no worker serves before `serve`. Rejects with what the first failing worker said. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#startOne()));
  }

  /** Lets one worker run the application's `prepare`. */
  async prepare(): Promise<void> {
    const [worker] = this.living();
    if (worker === undefined) throw new Error('There is no worker to prepare the application');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#preparing = { worker, resolve, reject };
    const timer = setTimeout(
      () => reject(new Error(`The application is not prepared after ${START_TIMEOUT_MS / 1000} seconds`)),
      START_TIMEOUT_MS,
    );
    worker.send({ type: 'prepare' });
    await promise.finally(() => clearTimeout(timer));
  }

  serve(): void {
    this.#isServing = true;
    for (const worker of this.living()) this.#serve(worker);
    this.#fillPool();
  }

  /**
   * Replaces every worker, one at a time, with a fresh one that loads the application anew. Asked again meanwhile, it
   * does so once more afterwards: those that are replaced already have loaded what was there before.
   */
  reload(): Promise<void> {
    if (this.#reloading !== null) {
      this.#reloadAfterwards ??= this.#reloading.then(
        () => this.#reloadOnceMore(),
        () => this.#reloadOnceMore(),
      );
      return this.#reloadAfterwards;
    }
    this.#reloading = this.#reload().finally(() => {
      this.#reloading = null;
    });
    return this.#reloading;
  }

  #reloadOnceMore(): Promise<void> {
    this.#reloadAfterwards = null;
    return this.reload();
  }

  async #reload(): Promise<void> {
    const old = [...this.living()].filter((worker) => worker.phase === 'serving');
    for (const worker of old) {
      // One that has died meanwhile was replaced by a fresh one already.
      if (worker.phase !== 'serving') continue;
      const fresh = await this.#startOne();
      const isStillThere = worker.phase === 'serving';
      if (isStillThere) this.#serve(fresh);
      const leaving = isStillThere ? worker : fresh;
      this.#beginDrain(leaving);
      await leaving.gone;
      this.#fillPool();
    }
  }

  /**
   * Orderly end: every worker finishes what it has and ends by itself; what has not within `timeoutMs` is terminated.
   * @returns how many had to be terminated
   */
  async stop(timeoutMs: number): Promise<number> {
    this.#stopping = true;
    const workers = [...this.living()];
    for (const worker of workers) this.#beginDrain(worker);
    const ended = this.#ended();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const orderly = await Promise.race([ended.then(() => true), timeout]);
    clearTimeout(timer);
    if (orderly) return 0;
    const late = [...this.living()];
    for (const worker of late) this.#terminate(worker);
    await Promise.race([ended, delay(TERMINATION_MS, undefined, { ref: false })]);
    return late.length;
  }

  /** Streams do not end by themselves: the workers cut them off, and their clients ask again elsewhere. */
  endStreams(): void {
    for (const worker of this.living()) worker.send({ type: 'end-streams' });
  }

  /** Asks every worker for a sign of life, and ends those that owe one for too long; the slow timer calls it. */
  checkHeartbeats(now: number): void {
    if (this.serving >= this.#options.workers) this.#restartPolicy.complete(now);
    for (const worker of this.living()) {
      if (worker.phase !== 'serving' && worker.phase !== 'draining') continue;
      if (worker.pingedAt === 0) {
        worker.pingedAt = now;
        worker.send({ type: 'ping' });
      } else if (now - worker.pingedAt > this.#options.start.handlerTimeoutMs) {
        this.#endStuck(worker, now);
      }
    }
    this.#checkLost(now);
  }

  #checkLost(now: number): void {
    let lost = 0;
    for (const { phase, stuckAt } of this.living()) if (phase === 'stuck' && now - stuckAt > LOST_MS) lost++;
    if (lost > SPARE_SLOTS)
      this.#options.onHopeless(`${lost} worker threads hang in native calls and do not end`);
  }

  /** Starts a worker when there is a slot for it. Nothing may come between the look for one and its taking. */
  async #startOne(): Promise<WorkerHandle> {
    let slot = this.#bySlot.indexOf(null);
    while (slot < 0) {
      await new Promise<void>((resolve) => this.#waitForSlot.push(resolve));
      slot = this.#bySlot.indexOf(null);
    }
    if (this.#stopping) throw new Error('The server is stopping');
    const { shared, start, environment, heapMb } = this.#options;
    const worker = new WorkerHandle({
      shared,
      start: { ...start, slot },
      heapMb,
      environment,
      onMessage: (from, message) => this.#onMessage(from, message),
      onExit: (from, code, error) => this.#onExit(from, code, error),
    });
    this.#bySlot[slot] = worker;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#starting.set(worker, { resolve, reject });
    const timer = setTimeout(() => {
      reject(new Error(`A worker has not started within ${START_TIMEOUT_MS / 1000} seconds`));
      this.#terminate(worker);
    }, START_TIMEOUT_MS);
    await promise.finally(() => clearTimeout(timer));
    return worker;
  }

  #serve(worker: WorkerHandle): void {
    if (worker.phase !== 'starting') return;
    if (this.#stopping) {
      this.#beginDrain(worker);
      return;
    }
    worker.phase = 'serving';
    worker.servingSince = performance.now();
    worker.send({ type: 'serve-all' });
    this.#options.onServing(worker);
    this.#options.onPoolChanged(this.serving);
  }

  #onMessage(worker: WorkerHandle, message: ToMain): void {
    if (typeof message === 'number') {
      this.#options.onBell();
      return;
    }
    switch (message.type) {
      case 'pong':
        worker.pingedAt = 0;
        break;
      case 'started':
        this.#starting.get(worker)?.resolve();
        this.#starting.delete(worker);
        break;
      case 'prepared':
        this.#preparing?.resolve();
        this.#preparing = null;
        break;
      case 'failed': {
        const error = Object.assign(new Error(message.message), { stack: message.stack });
        this.#starting.get(worker)?.reject(error);
        this.#starting.delete(worker);
        this.#preparing?.reject(error);
        this.#preparing = null;
        break;
      }
      case 'failing':
        this.#options.logger.error(
          { worker: worker.slot, stack: message.stack },
          `Something was thrown outside a request, the worker is replaced: ${message.message}`,
        );
        this.#replace(worker);
        break;
    }
  }

  /** A serving worker is on its way out: another takes its place at once. */
  #replace(worker: WorkerHandle): void {
    if (worker.phase !== 'serving') return;
    this.#countFailure(worker);
    worker.phase = 'draining';
    this.#fillPool();
  }

  /** Starts as many replacements as the pool lacks; called whenever a worker has come or gone. */
  #fillPool(): void {
    this.#options.onPoolChanged(this.serving);
    if (!this.#isServing || this.#stopping) return;
    while (this.serving + this.#replacements < this.#options.workers) {
      this.#replacements++;
      void this.#startReplacement();
    }
  }

  async #startReplacement(): Promise<void> {
    try {
      const { delayMs } = this.#restartPolicy;
      if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
      this.#serve(await this.#startOne());
    } catch (error) {
      this.#onFailedStart(error);
    } finally {
      this.#replacements--;
      this.#fillPool();
    }
  }

  #onFailedStart(error: unknown): void {
    if (this.#stopping) return;
    this.#restartPolicy.failed(performance.now());
    this.#options.logger.error({ error }, 'A replacement worker could not be started');
    // While others serve, as through an outage of the database, there is no reason to give up.
    if (this.#restartPolicy.isHopeless && this.serving === 0) {
      this.#stopping = true;
      this.#options.onHopeless('replacement workers fail to start');
    }
  }

  #countFailure({ words, servingSince }: WorkerHandle): void {
    const hasServed = words.current !== NO_CONNECTION || words.inFlight > 0 || words.meanNanoseconds > 0;
    this.#restartPolicy.ended(performance.now(), servingSince, hasServed);
  }

  #endStuck(worker: WorkerHandle, now: number): void {
    this.#options.logger.error({ worker: worker.slot }, 'A worker is stuck in a handler and is ended');
    worker.phase = 'stuck';
    worker.stuckAt = now;
    worker.markGone();
    this.#options.onStuck(worker);
    this.#terminate(worker);
    setTimeout(() => {
      if (worker.phase === 'stuck') this.#options.onHung(worker, STUCK);
    }, HUNG_MS).unref();
    this.#fillPool();
  }

  /** Ends a thread at once, or, if it is in a native call, as soon as that returns: nobody waits for it. */
  #terminate(worker: WorkerHandle): void {
    worker.terminate().catch((error: unknown) => {
      this.#options.logger.error({ error, worker: worker.slot }, 'A worker could not be terminated');
    });
  }

  #onExit(worker: WorkerHandle, code: number, error: Error | null): void {
    const before = worker.phase;
    worker.phase = 'ended';
    worker.markGone();
    const startError = error ?? new Error(`The worker ended with exit code ${code} while starting`);
    this.#starting.get(worker)?.reject(startError);
    this.#starting.delete(worker);
    if (this.#preparing?.worker === worker) this.#preparing.reject(startError);
    if (before === 'serving') {
      this.#countFailure(worker);
      this.#options.logger.error(
        { worker: worker.slot, exitCode: code, error },
        'A worker ended unexpectedly and is replaced',
      );
    }
    this.#options.onEnded(worker, before === 'stuck' ? STUCK : DIED);
    this.#bySlot[worker.slot] = null;
    for (const resolve of this.#waitForSlot.splice(0)) resolve();
    this.#fillPool();
    if ([...this.living()].length === 0) for (const resolve of this.#allEnded.splice(0)) resolve();
  }

  #beginDrain(worker: WorkerHandle): void {
    if (worker.phase === 'serving' || worker.phase === 'starting') worker.phase = 'draining';
    worker.send({ type: 'drain' });
  }

  #ended(): Promise<void> {
    if ([...this.living()].length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#allEnded.push(resolve));
  }
}
