/**
 * Manages the worker threads: starts the first worker and then the others, replaces workers that fail, hang
 * or die, and ends the pool in order. Main thread.
 *
 * A worker leaves the pool in one of these ways, and each is followed by a replacement (replacements.ts):
 *
 *  - It fails: something was thrown outside any request, or too many handlers never settle. It serves on
 *    until its replacement serves, and then drains (failures.ts). So a fault never takes the last worker,
 *    and a pool whose slots are all taken by workers that drain loses nobody.
 *  - Its thread ends: what it held is recovered (`#onExit`, then recovery.ts).
 *  - It is stuck: it is terminated (watchdog.ts). Its 'exit' may follow at once, later or never.
 *  - It is reloaded: it drains after its replacement has started (reload.ts).
 */

import type { Declarations } from '../../http/declarations.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { SuspendableTimer } from '../../suspendable-timer.ts';
import type { WorkerStart } from '../../worker/messages.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import type { CauseOfDeath } from './cause-of-death.ts';
import { type FailureCause, Failures, type FailuresOptions } from './failures.ts';
import { OvertakenError, Reload } from './reload.ts';
import { Replacements } from './replacements.ts';
import { RestartPolicy } from './restart-policy.ts';
import { Watchdog } from './watchdog.ts';
import { type WorkerExit, WorkerHandle, type WorkerHandleOptions } from './worker-handle.ts';
import { WorkerSlots } from './worker-slots.ts';

/** How long the end waits for terminated threads. Threads in a native call are left behind. */
const TERMINATION_MS = 500;
/** How long a worker may take to load and start the application, and to prepare it. */
const START_TIMEOUT_MS = 120_000;

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
  readonly examine: FailuresOptions['examine'];
  /** A new version of the application may be loaded from now on. */
  readonly onReload: () => void;
  readonly onBlamed: FailuresOptions['onBlamed'];
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
  readonly #options: SupervisorOptions;
  readonly #slots: WorkerSlots;
  readonly #watchdog: Watchdog<WorkerHandle>;
  readonly #restartPolicy: RestartPolicy;
  readonly #failures: Failures;
  readonly #replacements: Replacements;
  readonly #complete = Promise.withResolvers<void>();
  #reload: Reload<WorkerHandle> | null = null;
  #isServing = false;
  #isStopping = false;
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
      onLate: (worker) => this.#failures.died(worker, 'stuck'),
      onStuck: (worker) => options.onStuck(worker),
      onHung: (worker) => options.onHung(worker, worker.cause),
      onHopeless: (reason) => options.onHopeless(reason),
    });
    const end: Watchdog<WorkerHandle>['end'] = (...parameters) => this.#watchdog.end(...parameters);
    this.#failures = new Failures({
      restartPolicy: this.#restartPolicy,
      logger: options.logger,
      examine: options.examine,
      onBlamed: options.onBlamed,
      end,
      isAlone: ({ phase }) => phase === 'serving' && this.serving === 1,
      onLacking: () => this.#fillPool(),
    });
    this.#replacements = new Replacements({
      slots: this.#slots,
      workers: options.workers,
      restartPolicy: this.#restartPolicy,
      logger: options.logger,
      start: () => this.#startOne(),
      serve: (worker) => this.#serve(worker),
      onSettled: () => this.#fillPool(),
      end,
      isStopping: () => this.#isStopping,
      onHopeless: () => this.#giveUp(),
    });
  }

  /** Workers that had to be replaced, by cause, since the start. */
  get failures(): Readonly<Record<FailureCause, number>> {
    return this.#failures.counts;
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
    this.#replacements.makeRoom(now);
  }

  /** See `Failures.endTooLarge`. */
  endTooLarge(worker: WorkerHandle, details: object): void {
    this.#failures.endTooLarge(worker, details);
  }

  /** See `Failures.endLargest`. */
  endLargest(worker: WorkerHandle, details: object): void {
    this.#failures.endLargest(worker, details);
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
      onFailing: (worker, failure) => this.#failures.failing(worker, failure),
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

  /** Called whenever a worker has come, failed or gone. */
  #fillPool(): void {
    this.#options.onPoolChanged(this.#slots.serving);
    if (this.#isServing) this.#replacements.fill();
  }

  #giveUp(): void {
    this.#isStopping = true;
    this.#options.onHopeless('workers fail to start');
  }

  #onExit(worker: WorkerHandle, exit: WorkerExit): void {
    this.#failures.ended(worker, exit);
    this.#options.onEnded(worker, worker.cause);
    this.#slots.remove(worker);
    this.#fillPool();
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
