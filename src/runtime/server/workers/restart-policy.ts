/**
 * How long the next replacement of a worker has to wait. Main thread, asked by the supervisor. Times are
 * milliseconds of performance.now().
 *
 * A worker that fails before it has done anything is likely to fail again. Starting threads over and over
 * would take the processor from the workers that serve. So each failure in a row doubles the wait.
 *
 * Restarts of workers that have served have a budget: some start at once, and more at a bounded rate. A
 * client that ends one worker after the other cannot take more of the processors than that.
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
/** Replacements that start at once, and how many more follow in a second. Starting one takes 0.1 to 0.2 s. */
const BURST = 16;
const PER_SECOND = 2;
/** After this many failures in a row, when no worker serves, the process gives up. */
const MAX_FAILURES = 5;

export class RestartPolicy {
  #failures = 0;
  #lastFailure = Number.NEGATIVE_INFINITY;
  readonly #perSecond: number;
  /** Restarts that may begin at once, at the time of the last death. Negative if some had to wait. */
  #budget = BURST;
  #lastDeath = 0;

  /** @param perSecond the rate of restarts beyond the first BURST */
  constructor(perSecond: number = PER_SECOND) {
    this.#perSecond = perSecond;
  }

  /** The wait after failures, in milliseconds. 0 means at once. */
  get delayMs(): number {
    return this.#failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
  }

  /** The wait for the budget, in milliseconds. Nobody has to wait for it while no worker serves. */
  get budgetDelayMs(): number {
    return this.#budget >= 0 ? 0 : Math.min((-this.#budget / this.#perSecond) * 1_000, LONGEST_DELAY_MS);
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
    const gained = ((now - this.#lastDeath) / 1_000) * this.#perSecond;
    this.#budget = Math.min(BURST, this.#budget + gained) - 1;
    this.#lastDeath = now;
    if (!hasServed && now - servingSince < WELL_MS) this.failed(now);
  }

  /** The pool is complete. */
  complete(now: number): void {
    if (now - this.#lastFailure > WELL_MS) this.#failures = 0;
  }
}
