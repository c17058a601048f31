/**
 * How long this worker takes. It reads the clock once per request and derives two means from that. The mean
 * time of each route tells which routes are heavy. From the mean time of a turn the main thread decides
 * whether to wake one more worker. Worker threads only.
 */

import { performance } from 'node:perf_hooks';
import type { RouteTimes } from '../memory/workers/route-times.ts';
import type { WorkerWords } from '../memory/workers/worker-words.ts';

/** Weight of a new sample in the mean time of a turn. */
const SMOOTHING = 1 / 16;
/** A sample counts as at most this many times the mean, plus FIRST_NANOSECONDS. */
const LARGEST_STEP = 4;
const FIRST_NANOSECONDS = 10_000;

export class ServiceTimes {
  readonly #routeTimes: RouteTimes;
  readonly #words: WorkerWords;
  #lastRead = 0;
  #lastDuration = 0;
  #meanNanoseconds = 0;

  constructor(routeTimes: RouteTimes, words: WorkerWords) {
    this.#routeTimes = routeTimes;
    this.#words = words;
  }

  /** When the clock was last read, in milliseconds of performance.now(). */
  get lastRead(): number {
    return this.#lastRead;
  }

  /** Reads the clock. The time since the last reading counts for no route. */
  read(): number {
    this.#lastRead = performance.now();
    return this.#lastRead;
  }

  /** How long the handler took whose end was noted last, with its waits, in milliseconds. */
  get lastDuration(): number {
    return this.#lastDuration;
  }

  /** Reads the clock. @param route whose handler ran, up to its first wait, since the last reading */
  countRequest(route: number): void {
    const now = performance.now();
    this.#lastDuration = now - this.#lastRead;
    this.#routeTimes.add(route, this.#lastDuration);
    this.#lastRead = now;
  }

  /** Reads the clock: a handler has ended that had to wait. @param since when it was started */
  endWait(since: number): void {
    this.#lastDuration = this.read() - since;
  }

  /** A batch of turns has ended. The clock was last read at its end. */
  countTurns(turns: number, since: number): void {
    const nanoseconds = ((this.#lastRead - since) * 1e6) / turns;
    // The system may have taken the processor away in between. That time says nothing about the requests.
    const sample = Math.min(nanoseconds, LARGEST_STEP * this.#meanNanoseconds + FIRST_NANOSECONDS);
    this.#meanNanoseconds += (sample - this.#meanNanoseconds) * SMOOTHING;
    this.#words.meanNanoseconds = Math.round(this.#meanNanoseconds);
  }
}
