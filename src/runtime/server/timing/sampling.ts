/**
 * Decides which turns are timed. Main thread. It decides where it queues a connection, and says so in the
 * connection table, so that one decision holds for both threads. What is not timed pays for a decrement and
 * two comparisons on main, and for one reading of a plain word in the worker.
 *
 * One in TIMING_SAMPLE is timed on average. The distance is random, because clients that take turns would
 * otherwise always, or never, be the one.
 */

/** The countdown while nothing is timed. It begins anew then. */
const NEVER = 2 ** 30;

export class Sampling {
  readonly #interval: number;
  readonly #random: () => number;
  #countdown: number;

  /**
   * @param interval one in so many on average. 1 takes all, 0 none
   * @param random as Math.random
   */
  constructor(interval: number, random: () => number = Math.random) {
    this.#interval = interval;
    this.#random = random;
    this.#countdown = this.#draw();
  }

  /** Whether anything is timed at all. */
  get isOn(): boolean {
    return this.#interval > 0;
  }

  /** For each turn: whether that is timed. */
  next(): boolean {
    if (--this.#countdown > 0) return false;
    this.#countdown = this.#draw();
    return this.isOn;
  }

  /** From 1 to one less than twice the interval, each as likely as the others. */
  #draw(): number {
    if (this.#interval === 0) return NEVER;
    return 1 + Math.floor(this.#random() * (2 * this.#interval - 1));
  }
}
