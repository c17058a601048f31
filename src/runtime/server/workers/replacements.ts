/**
 * Keeps the pool full: starts a worker for each that it lacks, now or when the restart policy allows it, and
 * lets it take the place of one that has failed. Main thread, part of the supervisor.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { RuntimeLogger } from '../runtime-logger.ts';
import { OvertakenError } from './reload.ts';
import type { RestartPolicy } from './restart-policy.ts';
import type { Watchdog } from './watchdog.ts';
import type { WorkerHandle } from './worker-handle.ts';
import type { WorkerSlots } from './worker-slots.ts';

export interface ReplacementsOptions {
  readonly slots: WorkerSlots;
  readonly workers: number;
  readonly restartPolicy: RestartPolicy;
  readonly logger: RuntimeLogger;
  /** Starts a worker. It does not serve yet. */
  readonly start: () => Promise<WorkerHandle>;
  /** The worker takes requests from now on. */
  readonly serve: (worker: WorkerHandle) => void;
  /** A start has succeeded or failed, so the pool may have changed and be filled. */
  readonly onSettled: () => void;
  /** Ends a worker at once. */
  readonly end: Watchdog<WorkerHandle>['end'];
  /** Whether workers are no longer started, because the server stops. */
  readonly isStopping: () => boolean;
  readonly onHopeless: () => void;
}

export class Replacements {
  readonly #options: ReplacementsOptions;
  #nobodyServes = new AbortController();
  /** Workers that are being started to fill the pool, or wait for their start. */
  #coming = 0;

  constructor(options: ReplacementsOptions) {
    this.#options = options;
  }

  /** Starts the workers that the pool lacks. Called whenever a worker has come, failed or gone. */
  fill(): void {
    if (this.#options.isStopping()) return;
    if (this.#serving === 0) {
      this.#nobodyServes.abort();
      this.#nobodyServes = new AbortController();
    }
    while (this.#healthy + this.#coming < this.#options.workers) {
      this.#coming++;
      void this.#startAnother();
    }
  }

  /**
   * Replacements wait for a slot, and those that serve are of little use, because their handlers never
   * settle. Then the worker that has drained for the longest is ended, or such a one if none drains.
   */
  makeRoom(now: number): void {
    const { slots, end } = this.#options;
    if (this.#coming === 0 || !slots.areFull) return;
    const living = [...slots.living()];
    const serving = living.filter(({ phase }) => phase === 'serving');
    if (serving.some(({ failure }) => failure?.isExhausted !== true)) return;
    const draining = living.filter(({ phase }) => phase === 'draining');
    const [first] = draining.sort((one, other) => one.drainingSince - other.drainingSince);
    const ended = first ?? serving[0];
    if (ended === undefined) return;
    end(ended, now, {}, 'A worker is ended early, because nobody else can serve');
  }

  get #serving(): number {
    return this.#options.slots.serving.length;
  }

  /** Workers that take requests and have not failed. */
  get #healthy(): number {
    let count = 0;
    for (const { phase, failure } of this.#options.slots.living())
      if (phase === 'serving' && failure === null) count++;
    return count;
  }

  async #startAnother(): Promise<void> {
    try {
      await this.#waitForStart();
      this.#join(await this.#options.start());
    } catch (error) {
      this.#onFailedStart(error);
    } finally {
      this.#coming--;
      this.#options.onSettled();
    }
  }

  /** The wait for the budget ends when nobody serves any more. */
  async #waitForStart(): Promise<void> {
    const { delayMs, budgetDelayMs } = this.#options.restartPolicy;
    if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
    if (budgetDelayMs === 0 || this.#serving === 0) return;
    const { signal } = this.#nobodyServes;
    await delay(budgetDelayMs, undefined, { ref: false, signal }).catch(() => {});
  }

  /** A replacement has started. A reload may have filled its place meanwhile. */
  #join(fresh: WorkerHandle): void {
    const { slots, workers, serve } = this.#options;
    if (this.#healthy >= workers) fresh.drain();
    else serve(fresh);
    if (this.#serving <= workers) return;
    for (const worker of slots.living()) {
      if (worker.phase !== 'serving' || worker.failure === null) continue;
      worker.drain();
      break;
    }
  }

  #onFailedStart(error: unknown): void {
    const { isStopping, restartPolicy, logger, onHopeless } = this.#options;
    if (isStopping() || error instanceof OvertakenError) return;
    restartPolicy.failed(performance.now());
    logger.error({ error }, 'A worker could not be started and will be tried again');
    // While other workers serve, as in an outage of the database, there is no reason to give up.
    if (restartPolicy.isHopeless && this.#serving === 0) onHopeless();
  }
}
