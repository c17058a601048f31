/**
 * Manages the worker threads: starts the first worker and then the others, replaces workers that fail, hang
 * or die, and ends the pool in order. Main thread.
 *
 * A worker leaves the pool in one of these ways, and each is followed by a replacement:
 *
 *  - It fails: something was thrown outside any request, or too many handlers never settle. It serves on
 *    until its replacement serves, and then drains (`#onFailing`). So a fault never takes the last worker,
 *    and a pool whose slots are all taken by workers that drain loses nobody.
 *  - Its thread ends: what it held is recovered (`#onExit`, then recovery.ts).
 *  - It is stuck: it is terminated (watchdog.ts). Its 'exit' may follow at once, later or never.
 *  - It is reloaded: it drains after its replacement has started (reload.ts).
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Declarations } from '../../http/declarations.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { NO_CONNECTION } from '../../memory/protocol.ts';
import { SuspendableTimer } from '../../suspendable-timer.ts';
import type { WorkerStart } from '../../worker/messages.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import { type CauseOfDeath, TOO_LARGE } from './cause-of-death.ts';
import type { FlightRecord } from './flight-recorder.ts';
import { OvertakenError, Reload } from './reload.ts';
import { RestartPolicy } from './restart-policy.ts';
import { Watchdog } from './watchdog.ts';
import {
  type WorkerExit,
  type WorkerFailure,
  WorkerHandle,
  type WorkerHandleOptions,
} from './worker-handle.ts';
import { WorkerSlots } from './worker-slots.ts';

/** How long the end waits for terminated threads. Threads in a native call are left behind. */
const TERMINATION_MS = 500;
/** How long a worker may take to load and start the application, and to prepare it. */
const START_TIMEOUT_MS = 120_000;

/** Why a worker had to be replaced. */
export type FailureCause = 'exit' | 'stuck' | 'memory' | 'failure';

export interface SupervisorOptions {
  readonly shared: SharedMemory;
  readonly workers: number;
  /** The data that every worker is started with. */
  readonly start: Omit<WorkerStart, 'slot'>;
  readonly heapMb: number;
  readonly environment: NodeJS.ProcessEnv;
  /** The rate of restarts when workers end again and again. */
  readonly restartsPerSecond: number | undefined;
  readonly areDeadlinesSuspended: () => boolean;
  readonly logger: RuntimeLogger;
  /** A worker has loaded the application, which declares this. */
  readonly onLoaded: (slot: number, declarations: Declarations) => void;
  readonly onCollectMetrics: (worker: WorkerHandle) => void;
  /** The worker takes part from now on. */
  readonly onServing: (worker: WorkerHandle) => void;
  readonly onBell: () => void;
  readonly onUpload: WorkerHandleOptions['onUpload'];
  /** What the worker was doing, read before anything of it is recovered. */
  readonly examine: (worker: WorkerHandle) => FlightRecord;
  /** A new version of the application may be loaded from now on. */
  readonly onReload: () => void;
  /** The route has ended a worker. */
  readonly onBlamed: (route: number) => void;
  /** The worker is stuck in a handler, and is about to be terminated. */
  readonly onStuck: (worker: WorkerHandle) => void;
  /** It has not ended, so it hangs in a native call. Nobody knows for how long. */
  readonly onHung: (worker: WorkerHandle, cause: CauseOfDeath) => void;
  /** The thread has ended. Its requests and connections are recovered here. */
  readonly onEnded: (worker: WorkerHandle, cause: CauseOfDeath) => void;
  /** The workers that take requests may have changed. Their slots are given. */
  readonly onPoolChanged: (serving: readonly number[]) => void;
  readonly onHopeless: (reason: string) => void;
}

export class Supervisor {
  /** Workers that had to be replaced, by cause, since the start. */
  readonly failures: Record<FailureCause, number> = { exit: 0, stuck: 0, memory: 0, failure: 0 };
  readonly #options: SupervisorOptions;
  readonly #slots: WorkerSlots;
  readonly #watchdog: Watchdog<WorkerHandle>;
  readonly #restartPolicy: RestartPolicy;
  readonly #complete = Promise.withResolvers<void>();
  #reload: Reload<WorkerHandle> | null = null;
  #isServing = false;
  #isStopping = false;
  #nobodyServes = new AbortController();
  /** Workers that are being started to fill the pool, or wait for their start. */
  #coming = 0;
  #starts = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = new WorkerSlots(options.shared.layout.slots);
    this.#restartPolicy = new RestartPolicy(options.restartsPerSecond);
    this.#watchdog = new Watchdog({
      slots: options.shared.layout.slots,
      handlerTimeoutMs: options.start.handlerTimeoutMs,
      areDeadlinesSuspended: options.areDeadlinesSuspended,
      logger: options.logger,
      onLate: (worker) => this.#died(worker, 'stuck'),
      onStuck: (worker) => options.onStuck(worker),
      onHung: (worker) => options.onHung(worker, worker.cause),
      onHopeless: (reason) => options.onHopeless(reason),
    });
  }

  /** Every worker whose 'exit' has not been seen. */
  living(): Iterable<WorkerHandle> {
    return this.#slots.living();
  }

  /** The living worker that has this slot. */
  workerIn(slot: number): WorkerHandle | undefined {
    return this.#slots.workerIn(slot);
  }

  /** Worker threads that were started. */
  get starts(): number {
    return this.#starts;
  }

  /** Workers that take requests. */
  get serving(): number {
    return this.#slots.serving.length;
  }

  /** Resolves when all workers serve for the first time. Stays pending if the server stops before. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /**
   * Starts the first worker. It has the processor for itself, so it serves early, and the others find its
   * code compiled. It does not serve before `serve`. Rejects with its error.
   */
  async startFirst(): Promise<void> {
    await this.#startOne();
  }

  /** Lets the first worker run the application's `prepare`. */
  async prepare(): Promise<void> {
    const [worker] = this.living();
    if (worker === undefined) throw new Error('There is no worker to prepare the application');
    using _deadline = this.#startDeadline(worker, 'The application is not prepared');
    await worker.prepare();
  }

  /** The first worker takes requests from now on. The others are started, and serve as they come. */
  serve(): void {
    this.#isServing = true;
    for (const worker of this.living()) this.#serve(worker);
    this.#fillPool();
  }

  /** The slow timer calls it. */
  checkHeartbeats(now: number): void {
    if (this.serving >= this.#options.workers) this.#restartPolicy.complete(now);
    if (this.#watchdog.check(this.living(), now)) this.#fillPool();
    this.#makeRoom(now);
  }

  /** The worker needs too much memory (memory-watch.ts), so what it runs is to blame. */
  endTooLarge(worker: WorkerHandle, details: object): void {
    if (worker.phase !== 'serving' && worker.phase !== 'draining') return;
    const recorded = { ...this.#died(worker, 'memory'), ...details };
    const reason = 'A worker needs too much memory and is ended';
    this.#watchdog.end(worker, performance.now(), recorded, reason, TOO_LARGE);
    this.#fillPool();
  }

  /**
   * The process needs too much memory, and this worker has the most (rss-limit.ts). What it runs is not to
   * blame. If nobody else serves, the worker is replaced first.
   */
  endLargest(worker: WorkerHandle, details: object): void {
    if (worker.phase === 'serving' && this.serving === 1) {
      this.#replaceLargest(worker, details);
      return;
    }
    this.failures.memory++;
    const recorded = { ...this.#options.examine(worker).details, ...details };
    const reason = 'The worker that has the most memory is ended';
    this.#watchdog.end(worker, performance.now(), recorded, reason, TOO_LARGE);
    this.#fillPool();
  }

  #replaceLargest(worker: WorkerHandle, details: object): void {
    if (worker.failure !== null) return;
    this.failures.memory++;
    const message = 'The worker that has the most memory is replaced';
    this.#options.logger.error({ worker: worker.slot, ...details }, message);
    worker.markFailing({ message, stack: '', isExhausted: false });
    this.#fillPool();
  }

  /**
   * Replaces every worker, one at a time, with a fresh one that loads the application anew. A call during a
   * reload overtakes it, because the new workers may have loaded the old files, or hang while they load.
   * @returns whether all were replaced. False if it was overtaken
   */
  reload(): Promise<boolean> {
    this.#overtake();
    this.#options.onReload();
    const reload: Reload<WorkerHandle> = new Reload({
      old: [...this.living()].filter(({ phase }) => phase === 'serving'),
      start: () => this.#startOne(reload),
      serve: (fresh) => this.#serve(fresh),
    });
    this.#reload = reload;
    return reload.run();
  }

  /** Streams of events end by themselves when they are told. */
  announceEnding(): void {
    for (const worker of this.living()) worker.send({ type: 'announce-ending' });
  }

  /** Streams do not end by themselves. The workers cut them off, and their clients ask again elsewhere. */
  endStreams(): void {
    for (const worker of this.living()) worker.send({ type: 'end-streams' });
  }

  /**
   * Orderly end: every worker finishes its requests and ends by itself. Workers that have not ended within
   * `timeoutMs` are terminated.
   * @returns how many had to be terminated
   */
  async stop(timeoutMs: number): Promise<number> {
    this.#isStopping = true;
    this.#overtake();
    for (const worker of this.living()) worker.drain();
    const ended = this.#slots.whenEmpty();
    if (await isInTime(timeoutMs, ended)) return 0;
    const late = [...this.living()];
    for (const worker of late) worker.terminate();
    await isInTime(TERMINATION_MS, ended);
    return late.length;
  }

  /** Ends the reload that is under way, and every start, because it may load an old version for long. */
  #overtake(): void {
    this.#reload?.overtake();
    for (const worker of this.living()) if (worker.phase === 'starting') worker.giveUp(new OvertakenError());
  }

  /** @param reload for which the worker is started, if it is for one */
  async #startOne(reload?: Reload<WorkerHandle>): Promise<WorkerHandle> {
    const worker = await this.#slots.add((slot) => {
      if (this.#isStopping || reload?.isOvertaken) throw new OvertakenError();
      return this.#createWorker(slot);
    });
    using _deadline = this.#startDeadline(worker, 'A worker has not started');
    await worker.started;
    return worker;
  }

  #startDeadline(worker: WorkerHandle, what: string): Disposable {
    return new SuspendableTimer(START_TIMEOUT_MS, this.#options.areDeadlinesSuspended, () =>
      worker.giveUp(new Error(`${what} within ${START_TIMEOUT_MS / 1000} seconds`)),
    );
  }

  #createWorker(slot: number): WorkerHandle {
    const { start, onBell } = this.#options;
    this.#starts++;
    return new WorkerHandle({
      ...this.#options,
      start: { ...start, slot },
      onBell,
      onFailing: (worker, failure) => this.#onFailing(worker, failure),
      onExit: (worker, exit) => this.#onExit(worker, exit),
    });
  }

  #serve(worker: WorkerHandle): void {
    if (worker.phase !== 'starting') return;
    if (this.#isStopping) {
      worker.drain();
      return;
    }
    worker.serve(performance.now());
    this.#options.onServing(worker);
    this.#options.onPoolChanged(this.#slots.serving);
    if (this.serving >= this.#options.workers) this.#complete.resolve();
  }

  /** Starts the workers that the pool lacks. Called whenever a worker has come, failed or gone. */
  #fillPool(): void {
    this.#options.onPoolChanged(this.#slots.serving);
    if (!this.#isServing || this.#isStopping) return;
    if (this.serving === 0) {
      this.#nobodyServes.abort();
      this.#nobodyServes = new AbortController();
    }
    while (this.#healthy + this.#coming < this.#options.workers) {
      this.#coming++;
      void this.#startAnother();
    }
  }

  /** Workers that take requests and have not failed. */
  get #healthy(): number {
    let count = 0;
    for (const { phase, failure } of this.living()) if (phase === 'serving' && failure === null) count++;
    return count;
  }

  async #startAnother(): Promise<void> {
    try {
      await this.#waitForStart();
      this.#join(await this.#startOne());
    } catch (error) {
      this.#onFailedStart(error);
    } finally {
      this.#coming--;
      this.#fillPool();
    }
  }

  /** The wait for the budget ends when nobody serves any more. */
  async #waitForStart(): Promise<void> {
    const { delayMs, budgetDelayMs } = this.#restartPolicy;
    if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
    if (budgetDelayMs === 0 || this.serving === 0) return;
    const { signal } = this.#nobodyServes;
    await delay(budgetDelayMs, undefined, { ref: false, signal }).catch(() => {});
  }

  /** A replacement has started. A reload may have filled its place meanwhile. */
  #join(fresh: WorkerHandle): void {
    if (this.#healthy >= this.#options.workers) fresh.drain();
    else this.#serve(fresh);
    if (this.serving <= this.#options.workers) return;
    for (const worker of this.living()) {
      if (worker.phase !== 'serving' || worker.failure === null) continue;
      worker.drain();
      break;
    }
  }

  /**
   * Replacements wait for a slot, and those that serve are of little use, because their handlers never
   * settle. Then the worker that has drained for the longest is ended, or such a one if none drains.
   */
  #makeRoom(now: number): void {
    if (this.#coming === 0 || !this.#slots.areFull) return;
    const living = [...this.living()];
    const serving = living.filter(({ phase }) => phase === 'serving');
    if (serving.some(({ failure }) => failure?.isExhausted !== true)) return;
    const draining = living.filter(({ phase }) => phase === 'draining');
    const [first] = draining.sort((one, other) => one.drainingSince - other.drainingSince);
    const ended = first ?? serving[0];
    if (ended === undefined) return;
    this.#watchdog.end(ended, now, {}, 'A worker is ended early, because nobody else can serve');
  }

  #onFailedStart(error: unknown): void {
    if (this.#isStopping || error instanceof OvertakenError) return;
    this.#restartPolicy.failed(performance.now());
    this.#options.logger.error({ error }, 'A worker could not be started and will be tried again');
    // While other workers serve, as in an outage of the database, there is no reason to give up.
    if (this.#restartPolicy.isHopeless && this.serving === 0) {
      this.#isStopping = true;
      this.#options.onHopeless('workers fail to start');
    }
  }

  /** The worker serves on until its replacement does. */
  #onFailing(worker: WorkerHandle, failure: WorkerFailure): void {
    const { message, stack } = failure;
    this.#options.logger.error(
      { worker: worker.slot, stack },
      `A worker has failed and is replaced: ${message}`,
    );
    if (worker.phase !== 'serving') return;
    if (worker.failure === null) this.#countFailure(worker, 'failure');
    worker.markFailing(failure);
    this.#fillPool();
  }

  #onExit(worker: WorkerHandle, { phase, code, error }: WorkerExit): void {
    // A worker that drains ends by itself, unless a handler ends it.
    if (phase === 'serving' || (phase === 'draining' && worker.words.current !== NO_CONNECTION)) {
      const details = { worker: worker.slot, exitCode: code, error, ...this.#died(worker, 'exit') };
      this.#options.logger.error(details, 'A worker ended unexpectedly and is replaced');
    }
    this.#options.onEnded(worker, worker.cause);
    this.#slots.remove(worker);
    this.#fillPool();
  }

  /**
   * The worker has died, or is about to be ended because a handler does not return. @returns details for the
   * log
   */
  #died(worker: WorkerHandle, cause: FailureCause): object {
    const { examine, onBlamed } = this.#options;
    const { blamed, details } = examine(worker);
    this.#countFailure(worker, cause);
    if (blamed !== null) onBlamed(blamed);
    return details;
  }

  #countFailure({ words, servingSince }: WorkerHandle, cause: FailureCause): void {
    this.failures[cause]++;
    const hasServed = words.current !== NO_CONNECTION || words.inFlight > 0 || words.meanNanoseconds > 0;
    this.#restartPolicy.ended(performance.now(), servingSince, hasServed);
  }
}

/**
 * Waits for the promise, but at most so long.
 * @returns whether it has settled
 */
async function isInTime(timeoutMs: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  return await Promise.race([promise.then(() => true), timeout]).finally(() => clearTimeout(timer));
}
