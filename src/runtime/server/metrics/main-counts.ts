/**
 * What the main thread itself counts: the answers that it gives in the place of workers, and what it
 * refuses. Main thread. Answers go to main's own table, so that they are among those of the workers.
 */

import type { RoutePattern } from '../../core/core.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { PLACE_UNREAD, placeOf, RequestCounts } from '../../memory/workers/request-counts.ts';

const NO_ROUTE = -1;

/** Why requests, and clients, are refused although nothing is wrong with them. */
export type ShedReason = 'queue' | 'memory' | 'connections' | 'left';

export class MainCounts {
  readonly shed: Record<ShedReason, number> = { queue: 0, memory: 0, connections: 0, left: 0 };
  readonly #requests: RequestCounts;
  /** The numbers of the routes for GET, by path. */
  #numbers: ReadonlyMap<string, number> = new Map();

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#requests = new RequestCounts(shared, shared.layout.slots);
  }

  /** The routes that numbers stand for from now on. */
  declare(routes: readonly RoutePattern[]): void {
    const numbered = routes.map(({ method, path }, number) => ({ method, path, number }));
    this.#numbers = new Map(
      numbered.filter(({ method }) => method === 'GET').map(({ path, number }) => [path, number]),
    );
  }

  /** Main has answered a request that nobody has read. */
  answeredUnread(status: number): void {
    this.#requests.addUnhandled(PLACE_UNREAD, status);
  }

  /** Main has answered a request that a worker had begun. @param route its number */
  answered(status: number, route: number, requests = 1): void {
    this.#requests.addUnhandled(placeOf(route), status, requests);
  }

  /** Main has answered so many GETs of this path, which is a route's. */
  answeredPath(status: number, path: string, requests = 1): void {
    this.answered(status, this.#numbers.get(path) ?? NO_ROUTE, requests);
  }
}
