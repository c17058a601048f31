/**
 * The last requests that a worker has begun: a ring of routes and times in its words. The worker writes it
 * with plain stores, and main reads it after the worker's 'exit', or for a worker that is stuck
 * (server/workers/flight-recorder.ts).
 */

import { type SharedMemory, workerLine } from '../layout.ts';

/** A power of two. Routes and times fill one line. */
const KEPT = 8;
const COUNT_LINE = 0;
const COUNT = 2;
const RING_LINE = 3;

export interface RecentRequest {
  /** Number of the route, negative if there is none. */
  readonly route: number;
  /** When it was begun, in milliseconds of performance.now(), exact to some milliseconds. */
  readonly time: number;
}

export class RecentRequests {
  readonly #words: Int32Array;
  readonly #count: number;
  readonly #ring: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    this.#words = words;
    this.#count = workerLine(layout, slot, COUNT_LINE) + COUNT;
    this.#ring = workerLine(layout, slot, RING_LINE);
  }

  /** The worker, before it runs a handler. */
  begin(route: number, time: number): void {
    const count = this.#words[this.#count] as number;
    const at = this.#ring + (count & (KEPT - 1));
    this.#words[at] = route;
    this.#words[at + KEPT] = time;
    this.#words[this.#count] = (count + 1) | 0;
  }

  /** Main. @returns the latest first */
  read(): RecentRequest[] {
    const count = Atomics.load(this.#words, this.#count) >>> 0;
    return Array.from({ length: Math.min(count, KEPT) }, (_, age) => {
      const at = this.#ring + ((count - 1 - age) & (KEPT - 1));
      return { route: this.#words[at] as number, time: this.#words[at + KEPT] as number };
    });
  }

  /** Main, before the slot gets a new thread. */
  clear(): void {
    this.#words[this.#count] = 0;
  }
}
