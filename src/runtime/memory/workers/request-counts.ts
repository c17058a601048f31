/**
 * How many requests were answered, by route and status, and how long their handlers took. Each thread has a
 * table of its own and is the only one that writes there, with plain stores. Main reads all tables now and
 * then (server/metrics/request-totals.ts), and what it reads is at most one request late.
 *
 * Counters are 32-bit words that wrap around. Main adds up differences, so they never start over: not when
 * they wrap around, and not when a new thread goes on counting in the table of one that has ended.
 */

import { type Layout, REQUEST_PLACE_WORDS, REQUEST_PLACES, type SharedMemory } from '../layout.ts';
import { LINE_WORDS } from '../protocol.ts';

/** Places of a table that belong to no route. The routes follow, as far as there are places. */
export const PLACE_WITHOUT_ROUTE = 0;
/** Main has answered before anybody read the request. */
export const PLACE_UNREAD = 1;
/** Routes beyond those that have a place. */
export const PLACE_OF_OTHERS = 2;
export const FIRST_ROUTE_PLACE = 3;

/** Upper bounds of the durations that are counted together, in milliseconds. The last have no bound. */
export const DURATION_BOUNDS: readonly number[] = [
  0.1, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000,
];

/**
 * The unit of the sum of durations. It wraps around when the handlers of a worker for one route have taken
 * 11 hours together since main has looked, some seconds ago.
 */
export const DURATION_UNITS_PER_MS = 100;

/** A place begins with its durations, which fill a line: how many are within each bound, and the sum. */
export const DURATION_SUM = LINE_WORDS - 1;
/** Then comes a word for each status, from the first that ends a request. */
export const STATUSES = LINE_WORDS;
export const FIRST_STATUS = 200;

const MOST_UNITS = 0x7fff_ffff;

export class RequestCounts {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #placeWords: number;
  /** Of all durations so far, what is less than a unit. */
  #rest = 0;

  /** @param slot of the thread that writes. Main has the one after those of the workers */
  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    this.#words = words;
    this.#first = requestWord(layout, slot, 0);
    this.#placeWords = requestWord(layout, slot, 1) - this.#first;
  }

  /** @param milliseconds that its handler took, with its waits */
  add(route: number, status: number, milliseconds: number): void {
    const words = this.#words;
    const place = this.#wordOf(placeOf(route));
    const exact = Math.min(milliseconds * DURATION_UNITS_PER_MS + this.#rest, MOST_UNITS);
    const units = exact | 0;
    this.#rest = exact - units;
    let bound = 0;
    while (bound < DURATION_BOUNDS.length && milliseconds > (DURATION_BOUNDS[bound] as number)) bound++;
    words[place + bound] = (words[place + bound] as number) + 1;
    words[place + DURATION_SUM] = (words[place + DURATION_SUM] as number) + units;
    this.#addStatus(place, status, 1);
  }

  /** Answers that no handler has given. @param place as `placeOf` returns it, or a PLACE_ constant */
  addUnhandled(place: number, status: number, requests = 1): void {
    this.#addStatus(this.#wordOf(place), status, requests);
  }

  #addStatus(place: number, status: number, requests: number): void {
    const word = place + STATUSES + status - FIRST_STATUS;
    this.#words[word] = (this.#words[word] as number) + requests;
  }

  #wordOf(place: number): number {
    return this.#first + place * this.#placeWords;
  }
}

/** @param route its number, negative if there is none */
export function placeOf(route: number): number {
  if (route < 0) return PLACE_WITHOUT_ROUTE;
  return route < REQUEST_PLACES - FIRST_ROUTE_PLACE ? FIRST_ROUTE_PLACE + route : PLACE_OF_OTHERS;
}

/**
 * The word where a place in the table of a thread begins. The same place of all threads lies together, so
 * that places without a route take no memory.
 */
export function requestWord({ requestCountWord, slots }: Layout, slot: number, place: number): number {
  return requestCountWord + (place * (slots + 1) + slot) * REQUEST_PLACE_WORDS;
}
