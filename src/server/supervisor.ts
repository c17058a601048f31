/**
 * The worker threads' lives: starts the pool, replaces what fails, hangs or dies, and ends it in order. Main thread.
 *
 * A replacement starts without waiting for the end of the worker it replaces: there are SPARE_SLOTS more slots than
 * workers, and a slot is used again only after the 'exit' of its thread. When no slot is free, so many threads are
 * stuck that the process cannot go on; `onHopeless` is told.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { LogLevel } from '../config.ts';
import type { CoreKind, ParseLimits } from '../core/core.ts';
import type { SharedMemory } from '../memory/layout.ts';
import type { ToMain, WorkerStart } from '../worker/messages.ts';
import type { CauseOfDeath } from './recovery.ts';
import type { RuntimeLogger } from './runtime-logger.ts';
import { WorkerHandle } from './worker-handle.ts';

export interface SupervisorOptions {
  readonly shared: SharedMemory;
  readonly workers: number;
  readonly core: CoreKind;
  readonly limits: ParseLimits;
  readonly application: string;
  readonly maxInFlight: number;
  readonly handlerTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly nice: number;
  readonly heapMb: number;
  readonly logLevel: LogLevel;
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: RuntimeLogger;
  /** The worker takes part from now on. */
  readonly onServing: (worker: WorkerHandle) => void;
  readonly onBell: () => void;
  /** The worker is stuck in a handler; it is terminated after this. */
  readonly onStuck: (worker: WorkerHandle, cause: CauseOfDeath) => void;
  /** The thread has ended: what it held is recovered here. */
  readonly onEnded: (worker: WorkerHandle, cause: CauseOfDeath) => void;
  readonly onHopeless: (reason: string) => void;
}

const DIED: CauseOfDeath = { status: 500, detail: 'The worker that ran this request ended unexpectedly.' };
const STUCK: CauseOfDeath = { status: 504, detail: 'The handler of this request did not return in time.' };

/** A worker that fails to start is tried again this often in a row before the process is given up. */
const MAX_FAILED_STARTS = 5;
/** Waits between failed starts, in milliseconds, doubling. */
const FIRST_RESTART_DELAY_MS = 100;
const LONGEST_RESTART_DELAY_MS = 10_000;

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
  #failedStarts = 0;
  #stopping = false;
  readonly #allEnded: (() => void)[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#bySlot = new Array(options.shared.layout.slots).fill(null);
  }

  /** Every worker whose 'exit' was not seen. */
  *living(): Generator<WorkerHandle> {
    for (const worker of this.#bySlot) if (worker !== null) yield worker;
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
    for (const worker of this.living()) this.#serve(worker);
  }

  /** Replaces every worker, one at a time, with a fresh one that loads the application anew. */
  reload(): Promise<void> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = null;
    });
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    const old = [...this.living()].filter((worker) => worker.phase === 'serving');
    for (const worker of old) {
      // One that has died meanwhile was replaced by a fresh one already.
      if (worker.phase !== 'serving') continue;
      const fresh = await this.#startOne();
      const isStillThere = worker.phase === 'serving';
      if (isStillThere) this.#serve(fresh);
      await this.#drain(isStillThere ? worker : fresh);
    }
  }

  /**
   * Orderly end: every worker finishes what it has and ends by itself; what has not within `timeoutMs` is terminated.
   * @returns whether all ended by themselves
   */
  async stop(timeoutMs: number): Promise<boolean> {
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
    if (!orderly) {
      for (const worker of this.living()) this.#terminate(worker);
      await Promise.race([ended, delay(TERMINATION_MS, undefined, { ref: false })]);
    }
    return orderly;
  }

  /** Asks every worker for a sign of life, and ends those that owe one for too long; the slow timer calls it. */
  checkHeartbeats(now: number): void {
    for (const worker of this.living()) {
      if (worker.phase !== 'serving' && worker.phase !== 'draining') continue;
      if (worker.pingedAt === 0) {
        worker.pingedAt = now;
        worker.send({ type: 'ping' });
      } else if (now - worker.pingedAt > this.#options.handlerTimeoutMs) {
        this.#endStuck(worker);
      }
    }
  }

  async #startOne(): Promise<WorkerHandle> {
    const slot = this.#bySlot.indexOf(null);
    if (slot < 0) throw new Error('All worker slots are held by threads that do not end');
    const { shared, environment, heapMb } = this.#options;
    const worker = new WorkerHandle({
      shared,
      start: this.#workerStart(slot),
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
      void worker.terminate();
    }, START_TIMEOUT_MS);
    await promise.finally(() => clearTimeout(timer));
    return worker;
  }

  #workerStart(slot: number): WorkerStart {
    const options = this.#options;
    return {
      memory: options.shared.memory,
      layout: options.shared.layout,
      slot,
      core: options.core,
      limits: options.limits,
      application: options.application,
      maxInFlight: options.maxInFlight,
      handlerTimeoutMs: options.handlerTimeoutMs,
      drainTimeoutMs: options.drainTimeoutMs,
      nice: options.nice,
      logLevel: options.logLevel,
    };
  }

  #serve(worker: WorkerHandle): void {
    if (worker.phase !== 'starting') return;
    worker.phase = 'serving';
    worker.send({ type: 'serve-all' });
    this.#options.onServing(worker);
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
        this.#failedStarts = 0;
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
    worker.phase = 'draining';
    this.#startReplacement();
  }

  #startReplacement(delayMs = 0): void {
    if (this.#stopping) return;
    if (delayMs > 0) {
      setTimeout(() => this.#startReplacement(), delayMs).unref();
      return;
    }
    if (!this.#bySlot.includes(null)) {
      this.#options.onHopeless('so many worker threads are stuck that no replacement can be started');
      return;
    }
    this.#startOne().then(
      (fresh) => (this.#stopping ? this.#beginDrain(fresh) : this.#serve(fresh)),
      (error: unknown) => {
        if (this.#stopping) return;
        this.#failedStarts++;
        this.#options.logger.error({ error }, 'A replacement worker could not be started');
        // While others serve, as through an outage of the database, there is no reason to give up.
        if (this.#failedStarts >= MAX_FAILED_STARTS && this.serving === 0) {
          this.#options.onHopeless('replacement workers fail to start');
        } else {
          this.#startReplacement(
            Math.min(FIRST_RESTART_DELAY_MS * 2 ** this.#failedStarts, LONGEST_RESTART_DELAY_MS),
          );
        }
      },
    );
  }

  #endStuck(worker: WorkerHandle): void {
    this.#options.logger.error({ worker: worker.slot }, 'A worker is stuck in a handler and is ended');
    const mustReplace = worker.phase === 'serving';
    worker.phase = 'stuck';
    this.#options.onStuck(worker, STUCK);
    if (mustReplace) this.#startReplacement();
    this.#terminate(worker);
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
    const startError = error ?? new Error(`The worker ended with exit code ${code} while starting`);
    this.#starting.get(worker)?.reject(startError);
    this.#starting.delete(worker);
    if (this.#preparing?.worker === worker) this.#preparing.reject(startError);
    if (before === 'serving') {
      this.#options.logger.error(
        { worker: worker.slot, exitCode: code, error },
        'A worker ended unexpectedly and is replaced',
      );
    }
    this.#options.onEnded(worker, before === 'stuck' ? STUCK : DIED);
    this.#bySlot[worker.slot] = null;
    if (before === 'serving') this.#startReplacement();
    if ([...this.living()].length === 0) for (const resolve of this.#allEnded.splice(0)) resolve();
  }

  #beginDrain(worker: WorkerHandle): void {
    if (worker.phase === 'serving' || worker.phase === 'starting') worker.phase = 'draining';
    worker.send({ type: 'drain' });
  }

  /** Drains one worker and waits for its end. */
  async #drain(worker: WorkerHandle): Promise<void> {
    if (worker.phase === 'ended') return;
    await new Promise<void>((resolve) => {
      worker.onceEnded(resolve);
      this.#beginDrain(worker);
    });
  }

  #ended(): Promise<void> {
    if ([...this.living()].length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#allEnded.push(resolve));
  }
}
