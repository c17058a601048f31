/**
 * Requests for routes that are known to be heavy, between the worker that gave them back and the one that
 * runs them. Main thread, part of the dispatcher's round.
 *
 * The whole way of a heavy request:
 *
 *  1. A worker with handlers in flight finds a request whose route is heavy (memory/workers/route-times.ts).
 *     It would hold the others up, so the worker ends the turn with TURN_HEAVY.
 *  2. Main makes the connection READY, but does not queue it: `add`.
 *  3. Main tells the parked worker with the fewest handlers in flight to serve the connection: `place`.
 *     Mostly one has none. If all have some, the request does not wait for one to be free: it holds up a few
 *     handlers that wait for something else, for as long as it runs.
 *  4. If no worker parks within HEAVY_PATIENCE_MS, main sets REQUEST_INSIST and queues the connection. Then
 *     any worker runs it.
 *
 * If the worker of step 3 ends before it has taken the connection, workers/orphans.ts queues it again.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { REQUEST_INSIST } from '../../memory/protocol.ts';
import type { ParkedWorkers } from '../../memory/synchronization/parking.ts';
import type { Clock } from '../clock.ts';
import { type Connection, IDLE_WORKER } from '../connections/connection.ts';
import type { DispatchedWorker, WorkerLoad } from './worker-load.ts';

/** How long a heavy request waits while no worker is parked before any worker may run it. */
const HEAVY_PATIENCE_MS = 50;

export interface HeavyRequestsOptions {
  readonly table: ConnectionTable;
  readonly parked: ParkedWorkers;
  readonly load: WorkerLoad;
  readonly clock: Clock;
  /** Puts a connection into the queue. */
  readonly makeReady: (connection: Connection) => void;
  /** Called when a request may have waited for too long. */
  readonly onImpatient: () => void;
}

interface HeavyRequest {
  readonly connection: Connection;
  readonly since: number;
}

export class HeavyRequests {
  readonly #options: HeavyRequestsOptions;
  #waiting: HeavyRequest[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(options: HeavyRequestsOptions) {
    this.#options = options;
    this.#timer = setTimeout(options.onImpatient, HEAVY_PATIENCE_MS + 1).unref();
  }

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** A worker gave back a request for a heavy route. */
  add(connection: Connection): void {
    connection.handTo(IDLE_WORKER);
    this.#options.table.makeReady(connection.number);
    this.#waiting.push({ connection, since: this.#options.clock.now() });
    this.#timer.refresh();
  }

  /** Hands requests to parked workers. Requests that have waited too long go back into the queue. */
  place(): void {
    const { table, clock, makeReady } = this.#options;
    const now = clock.now();
    const waiting: HeavyRequest[] = [];
    for (const request of this.#waiting) {
      const { connection } = request;
      const worker = connection.isClosed ? null : this.#unparkLeastLoaded();
      if (worker !== null) {
        connection.handTo(worker.slot);
        worker.send({ type: 'serve', connection: connection.number });
      } else if (connection.isClosed || now - request.since > HEAVY_PATIENCE_MS) {
        table.setRequest(connection.number, REQUEST_INSIST);
        makeReady(connection);
      } else {
        waiting.push(request);
      }
    }
    this.#waiting = waiting;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Nobody else rings the worker from now on. */
  #unparkLeastLoaded(): DispatchedWorker | null {
    const { load, parked } = this.#options;
    const worker = load.leastLoadedParked();
    return worker !== null && parked.unpark(worker.slot) ? worker : null;
  }
}
