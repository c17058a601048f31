/**
 * After a worker's 'exit': finds every connection that the dead worker can have left behind, and moves it on.
 * Main thread; nothing of a worker is touched before its 'exit' was seen, because until then it may still write.
 *
 * A worker can die between any two instructions, so for each connection one of these holds:
 *
 *  1. READY, its queue position passed, claimed by the dead worker: it moved the queue's head and died before it
 *     took the connection. Queued again, unless a living worker claims the same position: that one either has won and
 *     takes the connection any moment, or has lost and drops the claim. Then main looks again later.
 *  2. READY and told to the dead worker directly (a heavy request): queued again.
 *  3. RUNNING and owned by the dead worker, its ring drained: no record of this turn ended it. If a part of a
 *     response was sent, the connection is closed. If a request was in process, it is run again where that is safe,
 *     else an error is made up. If none was, the connection is queued again.
 */

import { withoutContent } from '../http/head-method.ts';
import { protocolErrorResponse } from '../http/problem.ts';
import {
  type ConnectionTable,
  ownerOf,
  REQUEST_CLOSE,
  REQUEST_HEAD,
  REQUEST_SAFE,
  STATE_READY,
  STATE_RUNNING,
  stateOf,
} from '../memory/connection-table.ts';
import { TURN_ABORT, TURN_ANSWERED, TURN_CLOSE } from '../memory/outbound-ring.ts';
import { claimOf, type ReadyQueue } from '../memory/ready-queue.ts';
import { type Connection, IN_QUEUE } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Outbound } from './outbound.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** How often a bystander's request is run again: a request that kills every worker must not kill them all. */
const MAX_RERUNS = 1;

export interface RecoveryOptions {
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly connections: Connections;
  readonly outbound: Outbound;
  /** Every worker whose 'exit' was not seen. */
  readonly living: () => Iterable<WorkerHandle>;
}

/** The status that the request gets which ran synchronously when its worker ended. */
export type CauseOfDeath = { readonly status: 500 | 504; readonly detail: string };

interface Undecided {
  readonly connection: Connection;
  /** The queue position that was passed. */
  readonly position: number;
}

export class Recovery {
  readonly #options: RecoveryOptions;
  /** READY connections that a living worker claims too; see 1. */
  #undecided: Undecided[] = [];

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** The worker is gone and its ring is drained. */
  recover(worker: WorkerHandle, cause: CauseOfDeath): void {
    const { table, connections, queue } = this.#options;
    const { claim, current } = worker.words;
    worker.words.clearClaim();
    for (const connection of connections.all()) {
      if (!connection.handedOut) continue;
      const word = table.stateWord(connection.number);
      if (stateOf(word) === STATE_RUNNING && ownerOf(word) === worker.slot) {
        this.#recoverRunning(connection, connection.number === current, cause);
      } else if (stateOf(word) === STATE_READY && connection.assignedTo === worker.slot) {
        connections.makeReady(connection);
      } else if (
        stateOf(word) === STATE_READY &&
        connection.assignedTo === IN_QUEUE &&
        claim === claimOf(connection.queuePosition) &&
        queue.hasPassed(connection.queuePosition)
      ) {
        this.#undecided.push({ connection, position: connection.queuePosition });
      }
    }
    this.lookAgain();
  }

  /** Decides about connections of case 1; called at every recovery and by the slow timer. */
  lookAgain(): void {
    if (this.#undecided.length === 0) return;
    const { table, connections } = this.#options;
    const undecided = this.#undecided;
    this.#undecided = [];
    for (const entry of undecided) {
      const { connection, position } = entry;
      // Meanwhile served, and perhaps queued again: the position that was lost is not its position any more.
      if (!connection.handedOut || connection.queuePosition !== position) continue;
      // The claims first: a claim is dropped only after the state says RUNNING.
      if (this.#isClaimed(position)) this.#undecided.push(entry);
      else if (stateOf(table.stateWord(connection.number)) === STATE_READY) connections.makeReady(connection);
    }
  }

  /**
   * A worker is stuck in a handler: its client is answered at once, and does not wait for the worker's end.
   * The connection is given back at the 'exit'; until then the worker may still write to what belongs to it.
   * Its ring is drained when this is called.
   */
  takeAway(worker: WorkerHandle, cause: CauseOfDeath): void {
    const { connections, table } = this.#options;
    const connection = connections.byNumber(worker.words.current);
    if (connection === undefined || connection.closed || connection.takenAwayEnd > 0) return;
    const { number } = connection;
    const word = table.stateWord(number);
    if (stateOf(word) !== STATE_RUNNING || ownerOf(word) !== worker.slot) return;
    const end = table.requestEnd(number);
    const request = table.request(number);
    if (worker.ring.nextSalvaged()) connections.onRecord(worker.ring);
    connection.generation = table.disown(number);
    connection.takenAwayEnd = end;
    // The worker may have come back to life a moment before. Then nobody can say which request this answer would
    // be for, and the client is better off with none.
    const isStillIn = worker.words.current === number && table.requestEnd(number) === end;
    if (connection.partial || !isStillIn) connection.socket.destroy();
    else this.#answer(connection, cause, request);
  }

  #recoverRunning(connection: Connection, ranSynchronously: boolean, cause: CauseOfDeath): void {
    const { table, connections } = this.#options;
    const { takenAwayEnd } = connection;
    const end = table.requestEnd(connection.number);
    const request = table.request(connection.number);
    const turn = (request & REQUEST_CLOSE) === 0 ? TURN_ANSWERED : TURN_CLOSE;
    table.clearResume(connection.number);
    if (takenAwayEnd > 0) {
      connection.takenAwayEnd = 0;
      connections.giveBack(connection, takenAwayEnd, connection.socket.destroyed ? TURN_ABORT : turn);
    } else if (connection.partial) {
      connections.giveBack(connection, connection.consumed, TURN_ABORT);
    } else if (connection.closed || end <= connection.consumed) {
      // Nothing is in process: what the worker had begun to answer is answered.
      connections.giveBack(connection, connection.consumed, TURN_ANSWERED);
    } else if (!ranSynchronously && (request & REQUEST_SAFE) !== 0 && connection.reruns < MAX_RERUNS) {
      connection.reruns++;
      connections.runAgain(connection);
    } else {
      this.#answer(connection, cause, request);
      connections.giveBack(connection, end, turn);
    }
  }

  #answer(connection: Connection, cause: CauseOfDeath, request: number): void {
    const response = protocolErrorResponse(cause.status, cause.detail, {}, (request & REQUEST_CLOSE) === 0);
    const isHead = (request & REQUEST_HEAD) !== 0;
    this.#options.outbound.sendOwn(connection, isHead ? withoutContent(response) : response);
    connection.partial = false;
  }

  /** Whether a living worker claims a position. */
  #isClaimed(position: number): boolean {
    const claim = claimOf(position);
    for (const worker of this.#options.living()) if (worker.words.claim === claim) return true;
    return false;
  }
}
