/**
 * For each route a moving mean of how long its handlers run synchronously, shared by all workers. A worker
 * with handlers in flight does not run a route that would hold them up (worker/heavy-requests.ts).
 *
 * Workers read and write the means without a protocol. A lost update only loses one sample of an estimate.
 */

import { type SharedMemory, TIMED_ROUTES } from '../layout.ts';

/** A route is heavy above this. */
const HEAVY_NANOSECONDS = 1_000_000;
/** A route is quick below this: a few times what waking a thread costs. */
const QUICK_NANOSECONDS = 100_000;
/**
 * The first sample of a route counts in full up to this, which is not heavy: the code may have been cold, or
 * the system may have taken the processor away. A second long request in a row makes the route heavy.
 */
const FIRST_SAMPLE_NANOSECONDS = 950_000;
/**
 * A later sample counts as at most this many times the mean, plus SMALL_STEP_NANOSECONDS. The system may have
 * taken the processor away from a light handler, or a new worker may run it for the first time. Several such
 * samples in a row make a route heavy.
 */
const LARGEST_STEP = 4;
const SMALL_STEP_NANOSECONDS = 250_000;
/** Weight of a new sample: 1 / 2 ** SMOOTHING. */
const SMOOTHING = 3;
const LONGEST_NANOSECONDS = 0x7fff_ffff;

export class RouteTimes {
  readonly #words: Int32Array;
  readonly #first: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#words = words;
    this.#first = layout.routeWord;
  }

  /** @param milliseconds that one request of the route took synchronously */
  add(route: number, milliseconds: number): void {
    if (route < 0) return;
    const at = this.#first + (route % TIMED_ROUTES);
    const sample = Math.min(milliseconds * 1e6, LONGEST_NANOSECONDS) | 0;
    const mean = this.#words[at] as number;
    if (mean === 0) this.#words[at] = Math.min(sample, FIRST_SAMPLE_NANOSECONDS);
    else this.#words[at] = mean + ((Math.min(sample, largestSample(mean)) - mean) >> SMOOTHING);
  }

  /** Whether the route is known to be so quick that others can wait for it. */
  isQuick(route: number): boolean {
    const mean = this.#mean(route);
    return mean > 0 && mean < QUICK_NANOSECONDS;
  }

  isHeavy(route: number): boolean {
    return this.#mean(route) > HEAVY_NANOSECONDS;
  }

  /** 0 if nothing is known yet, or there is no route. */
  #mean(route: number): number {
    return route < 0 ? 0 : (this.#words[this.#first + (route % TIMED_ROUTES)] as number);
  }
}

function largestSample(mean: number): number {
  return LARGEST_STEP * mean + SMALL_STEP_NANOSECONDS;
}
