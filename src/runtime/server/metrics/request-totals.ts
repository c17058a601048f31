/**
 * Adds up the tables of all threads (memory/workers/request-counts.ts), by route and status. Main thread.
 *
 * A slot's numbers of routes are those of the application that its worker has loaded, and a reload may change
 * them. So totals are kept by the names of routes, and a slot gets new names only when what it has counted
 * under the old ones has been added.
 */

import type { RoutePattern } from '../../core/core.ts';
import { REQUEST_PLACE_WORDS, REQUEST_PLACES, type SharedMemory } from '../../memory/layout.ts';
import {
  DURATION_BOUNDS,
  DURATION_SUM,
  FIRST_ROUTE_PLACE,
  FIRST_STATUS,
  PLACE_OF_OTHERS,
  PLACE_UNREAD,
  PLACE_WITHOUT_ROUTE,
  requestWord,
  STATUSES,
} from '../../memory/workers/request-counts.ts';

/** Reloads may bring ever new routes. Those beyond are counted together. */
const MOST_ROUTES = 1_024;

/** Names that no pattern has, because a pattern begins with a slash. */
const WITHOUT_ROUTE: RoutePattern = { method: '', path: 'unmatched' };
const UNREAD: RoutePattern = { method: '', path: 'unread' };
const OTHERS: RoutePattern = { method: '', path: 'other' };

export interface RouteTotals {
  readonly route: RoutePattern;
  /** Answers by status. */
  readonly statuses: Map<number, number>;
  /** Handlers by the bound of their duration, and last those beyond every bound. */
  readonly durations: Float64Array;
  /** Of all durations, in DURATION_UNITS_PER_MS. */
  durationUnits: number;
}

export class RequestTotals {
  readonly #words: Int32Array;
  readonly #layout: SharedMemory['layout'];
  readonly #totals = new Map<string, RouteTotals>();
  /** The places of each slot's table, by number. */
  readonly #places: RouteTotals[][];
  /** What was read last, of all tables. Only what changes takes memory. */
  readonly #known: Int32Array;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    const tables = layout.slots + 1;
    this.#words = words;
    this.#layout = layout;
    this.#known = new Int32Array(tables * REQUEST_PLACES * REQUEST_PLACE_WORDS);
    this.#places = Array.from({ length: tables }, () => this.#placesOf([]));
  }

  /** The thread in this slot counts these routes from now on. */
  declare(slot: number, routes: readonly RoutePattern[]): void {
    this.#addUp(slot);
    this.#places[slot] = this.#placesOf(routes);
  }

  /** Adds what was counted since the last time. Must be called before a word wraps around twice. */
  addUp(): void {
    for (let slot = 0; slot < this.#places.length; slot++) this.#addUp(slot);
  }

  /** Routes that nobody has asked for are left out. */
  *all(): Generator<RouteTotals> {
    for (const totals of this.#totals.values()) if (totals.statuses.size > 0) yield totals;
  }

  #placesOf(routes: readonly RoutePattern[]): RouteTotals[] {
    const places: RouteTotals[] = [];
    places[PLACE_WITHOUT_ROUTE] = this.#totalsOf(WITHOUT_ROUTE);
    places[PLACE_UNREAD] = this.#totalsOf(UNREAD);
    places[PLACE_OF_OTHERS] = this.#totalsOf(OTHERS);
    const counted = routes.slice(0, REQUEST_PLACES - FIRST_ROUTE_PLACE);
    return [...places, ...counted.map((route) => this.#totalsOf(route))];
  }

  #totalsOf(route: RoutePattern): RouteTotals {
    const name = `${route.method} ${route.path}`;
    const known = this.#totals.get(name);
    if (known !== undefined) return known;
    if (this.#totals.size >= MOST_ROUTES) return this.#totalsOf(OTHERS);
    const totals: RouteTotals = {
      route,
      statuses: new Map(),
      durations: new Float64Array(DURATION_BOUNDS.length + 1),
      durationUnits: 0,
    };
    this.#totals.set(name, totals);
    return totals;
  }

  #addUp(slot: number): void {
    for (const [place, totals] of (this.#places[slot] ?? []).entries()) this.#addPlace(slot, place, totals);
  }

  #addPlace(slot: number, place: number, totals: RouteTotals): void {
    const from = requestWord(this.#layout, slot, place);
    const known = from - this.#layout.requestCountWord;
    for (let index = 0; index < REQUEST_PLACE_WORDS; index++) {
      const word = this.#words[from + index] as number;
      const difference = (word - (this.#known[known + index] as number)) >>> 0;
      if (difference === 0) continue;
      this.#known[known + index] = word;
      add(totals, index, difference);
    }
  }
}

function add(totals: RouteTotals, index: number, difference: number): void {
  if (index >= STATUSES) {
    const status = FIRST_STATUS + index - STATUSES;
    totals.statuses.set(status, (totals.statuses.get(status) ?? 0) + difference);
  } else if (index === DURATION_SUM) totals.durationUnits += difference;
  else totals.durations[index] = (totals.durations[index] as number) + difference;
}
