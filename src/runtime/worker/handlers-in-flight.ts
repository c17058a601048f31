/**
 * The handlers that returned a promise which has not settled: how many there are, which of them are late, and
 * the one timer that finds out. The client of a late handler gets 504. The handler itself stays in flight
 * until it settles. Worker threads only.
 */

import { invariant } from '../../platform/invariant.ts';
import type { WorkerWords } from '../memory/workers/worker-words.ts';
import type { ServiceTimes } from './service-times.ts';

/**
 * The deadlines are checked so many times per handler timeout, but not more often than every
 * SHORTEST_INTERVAL_MS.
 */
const CHECKS_PER_TIMEOUT = 8;
const SHORTEST_INTERVAL_MS = 10;

/** A turn that may wait for a handler. */
export interface WaitingTurn {
  /** When its handler was started, in milliseconds of performance.now(), or 0 if it waits for none. */
  readonly handlerSince: number;
  /** The handler has not answered in time. */
  handlerTimedOut(): void;
}

export interface HandlersInFlightOptions {
  readonly words: WorkerWords;
  readonly times: ServiceTimes;
  /** All turns that wait, for a handler or for something else. */
  readonly turns: ReadonlyMap<number, WaitingTurn>;
  readonly maxInFlight: number;
  readonly handlerTimeoutMs: number;
  /** While a debugger is attached. */
  readonly areDeadlinesSuspended: () => boolean;
  /** So many handlers never settle that the worker is of little use. */
  readonly onExhausted: () => void;
}

export class HandlersInFlight {
  readonly #options: HandlersInFlightOptions;
  #count = 0;
  /** The handlers in flight whose clients were answered with 504. */
  #late = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HandlersInFlightOptions) {
    this.#options = options;
  }

  /** Handlers in flight, the late ones included. */
  get count(): number {
    return this.#count;
  }

  started(): void {
    this.#setCount(this.#count + 1);
    this.#watch();
  }

  /** @param wasLate its client was answered in its place */
  settled(wasLate: boolean): void {
    if (wasLate) this.#late--;
    this.#setCount(this.#count - 1);
    invariant(this.#late >= 0 && this.#late <= this.#count, 'Late handlers are in flight.');
  }

  /** Stops checking deadlines. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #setCount(count: number): void {
    this.#count = count;
    this.#options.words.inFlight = count;
  }

  /** One timer for all handlers, which runs only while there are any. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    const interval = Math.max(SHORTEST_INTERVAL_MS, this.#options.handlerTimeoutMs / CHECKS_PER_TIMEOUT);
    this.#timer = setInterval(() => this.#check(), interval);
  }

  #check(): void {
    if (this.#count === 0) {
      this.stop();
      return;
    }
    if (this.#options.areDeadlinesSuspended()) return;
    const { turns, times, handlerTimeoutMs, maxInFlight, onExhausted } = this.#options;
    const oldest = times.read() - handlerTimeoutMs;
    // A copy: a turn that is answered may go on, and wait for its next handler.
    for (const turn of [...turns.values()]) {
      if (turn.handlerSince === 0 || turn.handlerSince >= oldest) continue;
      this.#late++;
      turn.handlerTimedOut();
    }
    if (this.#late * 2 > maxInFlight) onExhausted();
  }
}
