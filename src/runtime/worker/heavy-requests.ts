/**
 * Heavy requests, on the worker's side. A route is heavy while its handlers run synchronously for more than a
 * millisecond on average (memory/workers/route-times.ts). Such a handler holds up everything else on its
 * thread, so
 *
 *  1. a worker with handlers in flight does not run it. It ends the turn with TURN_HEAVY. The main thread
 *     then hands the connection to the parked worker with the fewest by a message ('serve'). If none is
 *     parked for some time, main sets REQUEST_INSIST, and any worker takes it. The chosen worker runs the
 *     request.
 *  2. a worker that runs it sets a flag in its words and rings main before it begins, because the connections
 *     in the queue need another worker now.
 *
 * The main thread's side is server/dispatch/heavy-requests.ts. Turns call this before and after they run a
 * handler.
 */

import { checksInvariants, invariant } from '../../platform/invariant.ts';
import { REQUEST_INSIST } from '../memory/protocol.ts';
import type { WorkerContext } from './context.ts';
import type { HandlersInFlight } from './handlers-in-flight.ts';

export class HeavyRequests {
  readonly #context: WorkerContext;
  readonly #handlers: Pick<HandlersInFlight, 'count'>;

  constructor(context: WorkerContext, handlers: Pick<HandlersInFlight, 'count'>) {
    this.#context = context;
    this.#handlers = handlers;
  }

  isHeavy(route: number): boolean {
    return this.#context.routeTimes.isHeavy(route);
  }

  /** The request has waited long enough: the next worker runs it, whatever it has in flight. */
  isInsistedOn(connection: number): boolean {
    return (this.#context.table.request(connection) & REQUEST_INSIST) !== 0;
  }

  /** Whether a heavy handler would hold up others that are in flight on this worker. */
  get wouldHoldUp(): boolean {
    return this.#handlers.count > 0;
  }

  /** A heavy handler is about to run. */
  begin(): void {
    const { words, queue, bell } = this.#context;
    if (checksInvariants) invariant(!words.isHeavy, 'One heavy handler at a time runs synchronously.');
    words.isHeavy = true;
    if (queue.length > 0) bell.ring();
    bell.flush();
  }

  /** The handler has returned. */
  end(): void {
    this.#context.words.isHeavy = false;
  }
}
