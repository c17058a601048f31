/**
 * What a worker was doing when it died or was ended, read from shared memory: for the log, and to find the
 * route that is to blame. Main thread, asked by the supervisor before recovery moves anything on.
 *
 * After the 'exit' of the worker nothing changes any more. Of a worker that is stuck, the request that it
 * runs stands still, and the rest may move while it is read.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { ownerOf, stateOf } from '../../memory/connections/state-word.ts';
import { NO_CONNECTION, routeOf, STATE_RUNNING } from '../../memory/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connections/connection.ts';
import type { Registry } from '../connections/registry.ts';
import { requestExcerpt } from './request-excerpt.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Requests in flight that the log names. */
const MOST_IN_FLIGHT = 8;

export interface FlightRecorderOptions {
  readonly table: ConnectionTable;
  readonly registry: Pick<Registry, 'all'>;
  readonly clock: Clock;
  readonly nameOf: (route: number) => string;
}

export interface FlightRecord {
  /** The route that has certainly ended the worker, or null. */
  readonly blamed: number | null;
  /** For the log. */
  readonly details: object;
}

/** The part of a worker that is recorded. */
export type RecordedWorker = Pick<WorkerHandle, 'slot' | 'words' | 'recent' | 'heartbeat'>;

export class FlightRecorder {
  readonly #options: FlightRecorderOptions;

  constructor(options: FlightRecorderOptions) {
    this.#options = options;
  }

  read(worker: RecordedWorker): FlightRecord {
    const { clock, nameOf } = this.#options;
    const now = clock.now();
    const { current } = worker.words;
    const inFlight = this.#requestsOf(worker);
    const running = inFlight.find(({ number }) => number === current);
    const recent = worker.recent.read();
    const [latest] = recent;
    const suspect = running ?? (inFlight.length === 1 && current === NO_CONNECTION ? inFlight[0] : undefined);
    const details = {
      running: running && {
        ...this.#describe(running, now),
        ...(latest && { ageMs: age(now, latest.time) }),
        request: requestExcerpt(running.buffer.pending()),
      },
      inFlight: inFlight
        .filter((connection) => connection !== running)
        .slice(0, MOST_IN_FLIGHT)
        .map((connection) => this.#describe(connection, now)),
      inFlightCount: worker.words.inFlight,
      lastRequests: recent.map(({ route, time }) => `${nameOf(route)} (${age(now, time)} ms ago)`),
      ...worker.heartbeat(now),
    };
    return { blamed: suspect === undefined ? null : this.#routeOf(suspect), details };
  }

  /** Connections whose request this worker has begun and not answered. */
  #requestsOf({ slot }: RecordedWorker): Connection[] {
    const { table, registry } = this.#options;
    const found: Connection[] = [];
    for (const connection of registry.all()) {
      if (!connection.isHandedOut || connection.isAbandoned) continue;
      const word = table.stateWord(connection.number);
      if (stateOf(word) !== STATE_RUNNING || ownerOf(word) !== slot) continue;
      if (table.requestEnd(connection.number) > connection.buffer.consumed) found.push(connection);
    }
    return found;
  }

  #describe(connection: Connection, now: number): { readonly route: string; readonly ageMs: number } {
    const { table, nameOf } = this.#options;
    return { route: nameOf(this.#routeOf(connection)), ageMs: table.handlerTime(connection.number, now) };
  }

  #routeOf({ number }: Connection): number {
    return routeOf(this.#options.table.request(number));
  }
}

function age(now: number, time: number): number {
  return Math.max(0, Math.round(now - time));
}
