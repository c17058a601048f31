/**
 * Cuts off routes that keep ending their workers. Main thread, told of each death by the supervisor.
 *
 * Each death costs the start of a thread and the requests beside it, so a client that repeats such a request
 * would take the processors from all others. A route that has ended DEATHS workers within WINDOW_MS gets 503
 * for a while, from every worker, and all other routes go on. Afterwards it is on probation: one more death
 * cuts it off for twice as long. It is forgotten when it has ended nothing for FORGET_MS.
 *
 * Only a route that has certainly ended its worker is blamed: its handler ran synchronously, or it was the
 * only one in flight (flight-recorder.ts).
 */

import type { CutOffRoutes } from '../../memory/workers/cut-off-routes.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';

const DEATHS = 3;
const WINDOW_MS = 60_000;
const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;
const FORGET_MS = 600_000;

export interface RouteCutOffOptions {
  readonly routes: CutOffRoutes;
  readonly logger: RuntimeLogger;
  /** How a route is called in the log. */
  readonly nameOf: (route: number) => string;
  /** How long the first cut lasts, in milliseconds. 0 cuts off nothing. */
  readonly firstMs: number | undefined;
}

interface Suspect {
  /** Times of the deaths since it was last cut off. */
  deaths: number[];
  /** How often it was cut off. */
  cuts: number;
  /** 0 while it is open. */
  until: number;
}

export class RouteCutOff {
  readonly #options: RouteCutOffOptions;
  readonly #firstMs: number;
  readonly #suspects = new Map<number, Suspect>();

  constructor(options: RouteCutOffOptions) {
    this.#options = options;
    this.#firstMs = options.firstMs ?? FIRST_MS;
  }

  /** A route has ended its worker. */
  blame(route: number, now: number): void {
    if (this.#firstMs === 0) return;
    const suspect = this.#suspects.get(route) ?? { deaths: [], cuts: 0, until: 0 };
    this.#suspects.set(route, suspect);
    suspect.deaths = [...suspect.deaths.filter((time) => now - time < WINDOW_MS), now];
    const isOnProbation = suspect.cuts > 0;
    if (suspect.until === 0 && (isOnProbation || suspect.deaths.length >= DEATHS)) {
      this.#cutOff(route, suspect, now);
    }
  }

  /** The slow timer calls it. */
  check(now: number): void {
    for (const [route, suspect] of this.#suspects) {
      if (suspect.until !== 0 && now >= suspect.until) this.#open(route, suspect);
      const last = Math.max(suspect.until, suspect.deaths.at(-1) ?? 0);
      if (suspect.until === 0 && now - last > FORGET_MS) this.#suspects.delete(route);
    }
  }

  /** A new version of the application may have mended its routes, or have others. */
  forget(): void {
    for (const [route, suspect] of this.#suspects) if (suspect.until !== 0) this.#open(route, suspect);
    this.#suspects.clear();
  }

  #cutOff(route: number, suspect: Suspect, now: number): void {
    const { routes, logger, nameOf } = this.#options;
    const forMs = Math.min(this.#firstMs * 2 ** suspect.cuts, LONGEST_MS);
    if (!routes.cutOff(route, now + forMs)) return;
    suspect.until = now + forMs;
    suspect.cuts++;
    logger.error(
      { route: nameOf(route), seconds: forMs / 1_000, workers: suspect.deaths.length },
      'A route has ended its workers again and again, and is cut off',
    );
  }

  #open(route: number, suspect: Suspect): void {
    const { routes, logger, nameOf } = this.#options;
    routes.open(route);
    // The time without a death counts from here on.
    suspect.deaths = [suspect.until];
    suspect.until = 0;
    logger.warn({ route: nameOf(route) }, 'A route that was cut off is open again');
  }
}
