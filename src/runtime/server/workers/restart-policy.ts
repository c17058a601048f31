/**
 * How long the next replacement of a worker has to wait. Main thread, asked by the supervisor. Times are
 * milliseconds of performance.now().
 *
 * A worker that fails before it has done anything is likely to fail again. Starting threads over and over
 * would take the processor from the workers that serve. So each failure in a row doubles the wait.
 */

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** Workers that fail within this time have the same cause, and count once. */
const SAME_CAUSE_MS = 100;
/**
 * A worker that fails sooner than this counts as a failed start. After so long without a failure the count is
 * reset.
 */
const WELL_MS = 1_000;
/** After this many failures in a row, when no worker serves, the process gives up. */
const MAX_FAILURES = 5;

export class RestartPolicy {
  #failures = 0;
  #lastFailure = Number.NEGATIVE_INFINITY;

  /** 0 means at once. */
  get delayMs(): number {
    return this.#failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
  }

  get isHopeless(): boolean {
    return this.#failures >= MAX_FAILURES;
  }

  /** A worker could not be started. */
  failed(now: number): void {
    if (now - this.#lastFailure > SAME_CAUSE_MS) this.#failures++;
    this.#lastFailure = now;
  }

  /**
   * A worker ended by itself. If it had served or was running a request, its end says nothing about the next
   * worker.
   * @param servingSince when it began to take part
   */
  ended(now: number, servingSince: number, hasServed: boolean): void {
    if (!hasServed && now - servingSince < WELL_MS) this.failed(now);
  }

  /** The pool is complete. */
  complete(now: number): void {
    if (now - this.#lastFailure > WELL_MS) this.#failures = 0;
  }
}
