/**
 * Finds all connections that a dead worker left behind, and moves each on. Main thread. Only recovery.ts
 * calls it, after the worker's 'exit' and after it has drained the ring.
 *
 * A worker can die between any two instructions, so for each connection one of these holds:
 *
 *  1. READY, its queue position passed and claimed by the dead worker. The worker moved the queue's head and
 *     died before it took the connection. Main queues it again, unless a living worker claims the same
 *     position. That worker has either won and will take the connection soon, or lost and will drop the
 *     claim. So main looks again later.
 *  2. READY and told to the dead worker directly (dispatch/heavy-requests.ts). Main queues it again.
 *  3. RUNNING and owned by the dead worker. No record has ended this turn, since the ring is drained.
 *      - A part of a response was sent: the connection is closed.
 *      - A request was in process: it is run again if that is safe, else main answers with an error. It is
 *        not safe if the request ran synchronously, is past its deadline, or may have written.
 *      - No request was in process: the connection is queued again.
 */

import type { Headers } from '../../http/cors/policy.ts';
import { protocolErrorResponse } from '../../http/problem.ts';
import { withoutContent } from '../../http/response/head-method.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { ReadyQueue } from '../../memory/connections/ready-queue.ts';
import { ownerOf, stateOf } from '../../memory/connections/state-word.ts';
import {
  claimOf,
  NO_CONNECTION,
  REQUEST_CLOSE,
  REQUEST_HEAD,
  REQUEST_SAFE,
  routeOf,
  STATE_READY,
  STATE_RUNNING,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_CLOSE,
} from '../../memory/protocol.ts';
import type { Clock } from '../clock.ts';
import { ANY_WORKER, type Connection } from '../connections/connection.ts';
import type { Ownership } from '../connections/ownership.ts';
import type { RefusalHeaders } from '../connections/refusal-headers.ts';
import type { Registry } from '../connections/registry.ts';
import type { MainCounts } from '../metrics/main-counts.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import { type CauseOfDeath, TIMED_OUT } from './cause-of-death.ts';
import { LostRequests } from './lost-requests.ts';
import type { WorkerHandle } from './worker-handle.ts';

export interface OrphansOptions {
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly registry: Pick<Registry, 'all'>;
  readonly ownership: Pick<Ownership, 'makeReady' | 'answer' | 'giveBack' | 'runAgain' | 'abandon'>;
  readonly refusalHeaders: Pick<RefusalHeaders, 'for'>;
  readonly counts: MainCounts;
  readonly logger: RuntimeLogger;
  readonly clock: Clock;
  readonly handlerTimeoutMs: number;
  /** While a debugger is attached. */
  readonly areDeadlinesSuspended: () => boolean;
  /** Every worker whose 'exit' has not been seen. */
  readonly living: () => Iterable<WorkerHandle>;
}

interface Death {
  /** The connection whose handler ran synchronously, or NO_CONNECTION. */
  readonly current: number;
  readonly cause: CauseOfDeath;
  readonly lost: LostRequests;
}

interface Undecided {
  readonly connection: Connection;
  /** The queue position that was passed. */
  readonly position: number;
}

export class Orphans {
  readonly #options: OrphansOptions;
  /** READY connections that a living worker claims too: case 1. */
  #undecided: Undecided[] = [];

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /**
   * The worker has ended, and its ring is drained.
   * @param cause the error for the request that it ran synchronously
   */
  moveOn(worker: WorkerHandle, cause: CauseOfDeath): void {
    const { table, registry, ownership, queue } = this.#options;
    const { claim, current } = worker.words;
    const death = { current, cause, lost: new LostRequests() };
    worker.words.clearClaim();
    for (const connection of registry.all()) {
      if (!connection.isHandedOut) continue;
      const word = table.stateWord(connection.number);
      if (stateOf(word) === STATE_RUNNING && ownerOf(word) === worker.slot) {
        this.#recoverRunning(connection, death);
      } else if (stateOf(word) === STATE_READY && connection.isHandedTo(worker.slot)) {
        ownership.makeReady(connection);
      } else if (
        stateOf(word) === STATE_READY &&
        connection.isHandedTo(ANY_WORKER) &&
        claim === claimOf(connection.queuePosition) &&
        queue.hasPassed(connection.queuePosition)
      ) {
        this.#undecided.push({ connection, position: connection.queuePosition });
      }
    }
    death.lost.log(this.#options.logger, worker.slot);
    this.lookAgain();
  }

  /** Decides about connections of case 1. Called at every recovery and by the slow timer. */
  lookAgain(): void {
    if (this.#undecided.length === 0) return;
    const { table, ownership } = this.#options;
    const undecided = this.#undecided;
    this.#undecided = [];
    for (const entry of undecided) {
      const { connection, position } = entry;
      // It was served meanwhile and perhaps queued again, so the lost position is no longer its position.
      if (!connection.isHandedOut || connection.queuePosition !== position) continue;
      // The claims first: a claim is dropped only after the state says RUNNING.
      if (this.#isClaimed(position)) this.#undecided.push(entry);
      else if (stateOf(table.stateWord(connection.number)) === STATE_READY) ownership.makeReady(connection);
    }
  }

  /**
   * The worker hangs in a native call, and its ring is drained. Main answers every client with a request on
   * it. The worker may come back to life at any moment. Records that it publishes then have the old
   * generation and are dropped. The connections end, so that no request of theirs can be run twice.
   */
  abandon(worker: WorkerHandle, cause: CauseOfDeath): void {
    const { table, registry, ownership, logger } = this.#options;
    const lost = new LostRequests();
    for (const connection of registry.all()) {
      if (!connection.isHandedOut || connection.isAbandoned) continue;
      const word = table.stateWord(connection.number);
      if (stateOf(word) === STATE_RUNNING && ownerOf(word) === worker.slot) {
        const answer = ownership.abandon(connection, cause.status, cause.detail);
        if (answer !== null) lost.add(answer);
      } else if (stateOf(word) === STATE_READY && connection.isHandedTo(worker.slot)) {
        // The worker was told to serve this connection. It reads no more messages, and no other worker would
        // take it.
        ownership.makeReady(connection);
      }
    }
    lost.log(logger, worker.slot);
  }

  #recoverRunning(connection: Connection, death: Death): void {
    const { table, ownership } = this.#options;
    table.clearResume(connection.number);
    if (connection.isAbandoned || connection.isPartial) {
      ownership.giveBack(connection, connection.buffer.consumed, TURN_ABORT);
    } else if (connection.isClosed) {
      ownership.giveBack(connection, connection.buffer.consumed, TURN_ANSWERED);
    } else if (table.requestEnd(connection.number) <= connection.buffer.consumed) {
      this.#recoverWithoutRequest(connection, death);
    } else {
      this.#recoverRequest(connection, death);
    }
  }

  /** The worker had answered a part of these requests. */
  #recoverWithoutRequest(connection: Connection, death: Death): void {
    if (connection.attempts.retake()) {
      this.#options.ownership.giveBack(connection, connection.buffer.consumed, TURN_ANSWERED);
    } else {
      this.#answer(connection, death, REQUEST_CLOSE, connection.buffer.consumed);
    }
  }

  #recoverRequest(connection: Connection, death: Death): void {
    const { table, ownership } = this.#options;
    const { current, cause, lost } = death;
    const request = table.request(connection.number);
    const isTooLate = this.#isTooLate(connection);
    const ranSynchronously = connection.number === current;
    const mayRunAgain = !ranSynchronously && !isTooLate && (request & REQUEST_SAFE) !== 0;
    if (mayRunAgain && connection.attempts.rerun(current !== NO_CONNECTION)) {
      ownership.runAgain(connection);
    } else {
      const end = table.requestEnd(connection.number);
      this.#answer(connection, { cause: isTooLate ? TIMED_OUT : cause, lost }, request, end);
    }
  }

  #isTooLate({ number }: Connection): boolean {
    const { table, clock, handlerTimeoutMs, areDeadlinesSuspended } = this.#options;
    return table.handlerTime(number, clock.now()) > handlerTimeoutMs && !areDeadlinesSuspended();
  }

  /** @param consumed bytes of the buffer whose requests are answered with this */
  #answer(
    connection: Connection,
    { cause, lost }: Pick<Death, 'cause' | 'lost'>,
    request: number,
    consumed: number,
  ): void {
    const { ownership, refusalHeaders, counts } = this.#options;
    const turn = (request & REQUEST_CLOSE) === 0 ? TURN_ANSWERED : TURN_CLOSE;
    const headers = refusalHeaders.for(connection.buffer.pending());
    if (connection.isOpen) {
      counts.answered(cause.status, routeOf(request));
      lost.add(headers);
    }
    ownership.answer(connection, errorResponse(cause, request, headers), consumed, turn);
  }

  /** Whether a living worker claims a position. */
  #isClaimed(position: number): boolean {
    const claim = claimOf(position);
    for (const worker of this.#options.living()) if (worker.words.claim === claim) return true;
    return false;
  }
}

/** @param request the REQUEST_ bits of the request that it answers */
function errorResponse({ status, detail }: CauseOfDeath, request: number, headers: Headers): Buffer {
  const response = protocolErrorResponse(status, detail, headers, (request & REQUEST_CLOSE) === 0);
  return (request & REQUEST_HEAD) === 0 ? response : withoutContent(response);
}
