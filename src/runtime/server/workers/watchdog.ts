/**
 * Finds workers that are stuck, and ends them. Main thread, called by the slow timer through the supervisor.
 *
 *  - Stuck: the worker owes a sign of life for longer than HANDLER_TIMEOUT_MS, so a handler does not return.
 *    It is terminated, which ends a loop in JavaScript or WebAssembly within milliseconds.
 *  - Hung: the thread is still there HUNG_MS after that. It is in a native call, which nothing can end. Its
 *    clients are answered, and its slot stays taken.
 *  - Lost: it has hung for LOST_MS. The process goes on as long as anybody serves or can come to serve. When
 *    every slot is lost, it cannot go on.
 *
 * While a debugger is attached, no worker counts as stuck (handler-deadlines.ts).
 */

import type { RuntimeLogger } from '../runtime-logger.ts';
import { type CauseOfDeath, STUCK } from './cause-of-death.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** A thread that can be terminated ends within milliseconds, or within this time on a busy machine. */
const HUNG_MS = 1_000;
/** A thread that hangs for this long counts as one that will not come back. */
const LOST_MS = 5_000;

/** The part of a worker that the watchdog uses. */
export type WatchedWorker = Pick<
  WorkerHandle,
  'slot' | 'phase' | 'ping' | 'excuse' | 'markStuck' | 'stuckFor' | 'terminate'
>;

export interface WatchdogOptions<W extends WatchedWorker> {
  /** Threads that there can be at a time. */
  readonly slots: number;
  readonly handlerTimeoutMs: number;
  /** While a debugger is attached, because a worker that stands at a breakpoint does not answer. */
  readonly areDeadlinesSuspended: () => boolean;
  readonly logger: RuntimeLogger;
  /** A handler does not return. @returns details for the log */
  readonly onLate: (worker: W) => object;
  /** The worker is stuck, and is about to be terminated. */
  readonly onStuck: (worker: W) => void;
  /** It has not ended, so it hangs in a native call. Nobody knows for how long. */
  readonly onHung: (worker: W) => void;
  readonly onHopeless: (reason: string) => void;
}

export class Watchdog<W extends WatchedWorker> {
  readonly #options: WatchdogOptions<W>;
  /** The number of lost threads that the log knows of. */
  #reported = 0;

  constructor(options: WatchdogOptions<W>) {
    this.#options = options;
  }

  /**
   * Asks every worker for a sign of life, and ends those that owe one for too long.
   * @returns whether there were any
   */
  check(workers: Iterable<W>, now: number): boolean {
    const areSuspended = this.#options.areDeadlinesSuspended();
    let lost = 0;
    let isAnyStuck = false;
    for (const worker of workers) {
      if (worker.stuckFor(now) > LOST_MS) lost++;
      if (worker.phase !== 'serving' && worker.phase !== 'draining') continue;
      const owedFor = worker.ping(now);
      if (areSuspended) worker.excuse(now);
      if (areSuspended || owedFor <= this.#options.handlerTimeoutMs) continue;
      const details = this.#options.onLate(worker);
      this.end(worker, now, details, 'A worker is stuck in a handler and is ended');
      isAnyStuck = true;
    }
    this.#report(lost);
    return isAnyStuck;
  }

  #report(lost: number): void {
    const { slots, logger, onHopeless } = this.#options;
    if (lost >= slots) onHopeless(`all ${lost} worker threads hang in native calls and do not end`);
    else if (lost > this.#reported) {
      logger.error({ lost, slots }, 'Worker threads hang in native calls and do not end');
    }
    this.#reported = lost;
  }

  /**
   * Ends a worker at once.
   * @param details and reason for the log
   * @param cause for its clients
   */
  end(worker: W, now: number, details: object, reason: string, cause: CauseOfDeath = STUCK): void {
    this.#options.logger.error({ worker: worker.slot, ...details }, reason);
    worker.markStuck(now, cause);
    this.#options.onStuck(worker);
    worker.terminate();
    setTimeout(() => {
      if (worker.phase === 'stuck') this.#options.onHung(worker);
    }, HUNG_MS).unref();
  }
}
