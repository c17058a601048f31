/**
 * What the main thread itself counts: the answers that it gives in the place of workers, and what it
 * refuses. Main thread. Answers go to main's own table, so that they are among those of the workers.
 */

import type { RoutePattern } from '../../core/core.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { PLACE_UNREAD, placeOf, RequestCounts } from '../../memory/workers/request-counts.ts';

/** Why requests, and clients, are refused although nothing is wrong with them. */
export type ShedReason = 'queue' | 'memory' | 'connections' | 'left';

export class MainCounts {
  readonly shed: Record<ShedReason, number> = { queue: 0, memory: 0, connections: 0, left: 0 };
  readonly #requests: RequestCounts;
  #routes: readonly RoutePattern[] = [];

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#requests = new RequestCounts(shared, shared.layout.slots);
  }

  /** The routes that numbers stand for from now on. */
  declare(routes: readonly RoutePattern[]): void {
    this.#routes = routes;
  }

  /** Main has answered a request that nobody has read. */
  answeredUnread(status: number): void {
    this.#requests.addUnhandled(PLACE_UNREAD, status);
  }

  /** Main has answered a request that a worker had begun. @param route its number */
  answered(status: number, route: number): void {
    this.#requests.addUnhandled(placeOf(route), status);
  }

  /** Main has answered a GET of this path, which is a route's. */
  answeredPath(status: number, path: string): void {
    this.answered(
      status,
      this.#routes.findIndex((route) => route.method === 'GET' && route.path === path),
    );
  }
}
