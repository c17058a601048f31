/**
 * The routes that are cut off for a while, because they have ended their workers again and again. One word
 * for each route: 0, or when the route is open again, in milliseconds of performance.now(). Main writes it,
 * and every worker looks at it before it runs a handler (server/workers/route-cut-off.ts).
 *
 * Workers read it plainly. One that sees a change a moment later runs one more request, which is as if the
 * request had come a moment earlier.
 */

import { type SharedMemory, TIMED_ROUTES } from '../layout.ts';

export class CutOffRoutes {
  readonly #words: Int32Array;
  readonly #first: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#words = words;
    this.#first = layout.cutOffWord;
  }

  isCutOff(route: number): boolean {
    return this.#isKnown(route) && this.#words[this.#first + route] !== 0;
  }

  /** Whole seconds until the route is open again, at least 1. */
  secondsLeft(route: number, now: number): number {
    const until = this.#words[this.#first + route] as number;
    return Math.max(1, Math.ceil((until - now) / 1_000));
  }

  /**
   * Main.
   * @param until in milliseconds of performance.now()
   * @returns false for a route beyond those that have a word, and for requests without a route
   */
  cutOff(route: number, until: number): boolean {
    if (!this.#isKnown(route)) return false;
    Atomics.store(this.#words, this.#first + route, Math.max(1, until | 0));
    return true;
  }

  /** Main. */
  open(route: number): void {
    Atomics.store(this.#words, this.#first + route, 0);
  }

  #isKnown(route: number): boolean {
    return route >= 0 && route < TIMED_ROUTES;
  }
}
