/**
 * What follows when a worker fails, dies or has to be ended: its route is blamed, the failure is counted, and
 * the log says what the worker was doing. Main thread, part of the supervisor.
 */

import { NO_CONNECTION } from '../../memory/protocol.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import { TOO_LARGE } from './cause-of-death.ts';
import type { FlightRecord } from './flight-recorder.ts';
import type { RestartPolicy } from './restart-policy.ts';
import type { Watchdog } from './watchdog.ts';
import type { WorkerExit, WorkerFailure, WorkerHandle } from './worker-handle.ts';

/** Why a worker had to be replaced. */
export type FailureCause = 'exit' | 'stuck' | 'memory' | 'failure';

export interface FailuresOptions {
  readonly restartPolicy: Pick<RestartPolicy, 'ended'>;
  readonly logger: RuntimeLogger;
  /** What the worker was doing, read before anything of it is recovered. */
  readonly examine: (worker: WorkerHandle) => FlightRecord;
  /** The route has ended a worker. */
  readonly onBlamed: (route: number) => void;
  /** Ends a worker at once. */
  readonly end: Watchdog<WorkerHandle>['end'];
  /** Whether nobody else takes requests. */
  readonly isAlone: (worker: WorkerHandle) => boolean;
  /** The worker has failed or is ended, so the pool lacks one. */
  readonly onLacking: () => void;
}

export class Failures {
  /** Workers that had to be replaced, by cause, since the start. */
  readonly counts: Record<FailureCause, number> = { exit: 0, stuck: 0, memory: 0, failure: 0 };
  readonly #options: FailuresOptions;

  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  /** The worker serves on until its replacement does. */
  failing(worker: WorkerHandle, failure: WorkerFailure): void {
    const { message, stack } = failure;
    this.#options.logger.error(
      { worker: worker.slot, stack },
      `A worker has failed and is replaced: ${message}`,
    );
    if (worker.phase !== 'serving') return;
    if (worker.failure === null) this.#count(worker, 'failure');
    worker.markFailing(failure);
    this.#options.onLacking();
  }

  /** The thread has ended, and nothing of it is recovered yet. */
  ended(worker: WorkerHandle, { phase, code, error }: WorkerExit): void {
    // A worker that drains ends by itself, unless a handler ends it.
    if (phase !== 'serving' && !(phase === 'draining' && worker.words.current !== NO_CONNECTION)) return;
    const details = { worker: worker.slot, exitCode: code, error, ...this.died(worker, 'exit') };
    this.#options.logger.error(details, 'A worker ended unexpectedly and is replaced');
  }

  /**
   * The worker has died, or is about to be ended because a handler does not return.
   * @returns details for the log
   */
  died(worker: WorkerHandle, cause: FailureCause): object {
    const { examine, onBlamed } = this.#options;
    const { blamed, details } = examine(worker);
    this.#count(worker, cause);
    if (blamed !== null) onBlamed(blamed);
    return details;
  }

  /** The worker needs too much memory (memory-watch.ts), so what it runs is to blame. */
  endTooLarge(worker: WorkerHandle, details: object): void {
    if (worker.phase !== 'serving' && worker.phase !== 'draining') return;
    const recorded = { ...this.died(worker, 'memory'), ...details };
    this.#endForMemory(worker, recorded, 'A worker needs too much memory and is ended');
  }

  /**
   * The process needs too much memory, and this worker has the most (rss-limit.ts). What it runs is not to
   * blame. If nobody else serves, the worker is replaced first.
   */
  endLargest(worker: WorkerHandle, details: object): void {
    if (this.#options.isAlone(worker)) {
      this.#replaceLargest(worker, details);
      return;
    }
    this.counts.memory++;
    const recorded = { ...this.#options.examine(worker).details, ...details };
    this.#endForMemory(worker, recorded, 'The worker that has the most memory is ended');
  }

  #endForMemory(worker: WorkerHandle, details: object, reason: string): void {
    this.#options.end(worker, performance.now(), details, reason, TOO_LARGE);
    this.#options.onLacking();
  }

  #replaceLargest(worker: WorkerHandle, details: object): void {
    if (worker.failure !== null) return;
    this.counts.memory++;
    const message = 'The worker that has the most memory is replaced';
    this.#options.logger.error({ worker: worker.slot, ...details }, message);
    worker.markFailing({ message, stack: '', isExhausted: false });
    this.#options.onLacking();
  }

  #count({ words, servingSince }: WorkerHandle, cause: FailureCause): void {
    this.counts[cause]++;
    const hasServed = words.current !== NO_CONNECTION || words.inFlight > 0 || words.meanNanoseconds > 0;
    this.#options.restartPolicy.ended(performance.now(), servingSince, hasServed);
  }
}
