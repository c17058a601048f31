/**
 * The life of connections on the main thread: from the accepted socket to the free number. Each event of a
 * socket and each end of a worker's turn comes here and moves the connection along
 *
 *     IDLE ─▶ READY ─▶ RUNNING ─▶ IDLE or READY        (memory/connection-table.ts)
 *
 * A number, its buffer and its queue entry are used again only after the socket is gone and the connection was given
 * back (by its last record, or by the 'exit' of its owner). So a number stands in the queue at most once.
 */

import type { Socket } from 'node:net';
import { PHASE_BODY } from '../../../../assembly/record.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { addressToWords } from '../../memory/connections/peer-address.ts';
import type { ReadyQueue } from '../../memory/connections/ready-queue.ts';
import { stateOf } from '../../memory/connections/state-word.ts';
import {
  RECORD_BOUNDARY,
  REQUEST_INSIST,
  STATE_RUNNING,
  TURN_ABORT,
  TURN_CLOSE,
  TURN_GOES_ON,
  TURN_HEAVY,
  TURN_MASK,
  TURN_NEED,
} from '../../memory/protocol.ts';
import type { OutboundRingReader } from '../../memory/workers/outbound-ring-reader.ts';
import { adoptSocket } from './adopt-socket.ts';
import { Connection, IN_QUEUE } from './connection.ts';
import { type DeadlineOptions, Deadlines } from './deadlines.ts';
import { Endings } from './endings.ts';
import type { Inbound } from './inbound.ts';
import type { Outbound } from './outbound.ts';
import { RefusedSockets } from './refused-sockets.ts';

/** Size of the one buffer that all sockets read into. */
const SCRATCH_BYTES = 65_536;

export interface ConnectionsOptions {
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly deadlines: DeadlineOptions;
  readonly outboundWindowBytes: number;
  /** Clients above the capacity that are given time to read their 503. */
  readonly refusedAtOnce: number;
  /** There is something in the queue. */
  readonly onReady: () => void;
  /** A connection for a heavy route, which wants a worker without handlers in flight. */
  readonly onHeavy: (connection: Connection) => void;
  /** The client of a connection that a worker runs is gone. */
  readonly onAbort: (connection: Connection, stateWord: number) => void;
}

/** What is not at its end. */
export interface Unfinished {
  /** Connections with something still to be received or sent. */
  readonly connections: number;
  /** Those of them whose request has no response yet. */
  readonly requests: number;
  /** Responses that have begun, with those that were cut off since `stop`. */
  readonly streams: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #deadlines: Deadlines;
  readonly #endings: Endings;
  readonly #byNumber: (Connection | undefined)[];
  readonly #freeNumbers: number[] = [];
  readonly #refused: RefusedSockets;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #stopping = false;
  /** Responses that were cut off since `stop`. */
  #cutOff = 0;
  #whenNone: (() => void) | null = null;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.deadlines);
    this.#endings = new Endings({ ...options, deadlines: this.#deadlines });
    this.#refused = new RefusedSockets(options.deadlines.lingerMs, options.refusedAtOnce);
    this.#byNumber = new Array(options.table.capacity).fill(undefined);
    for (let number = options.table.capacity - 1; number >= 0; number--) this.#freeNumbers.push(number);
  }

  /** Connections that have a number, the closed ones included that a worker has not given back. */
  get count(): number {
    return this.#options.table.capacity - this.#freeNumbers.length;
  }

  /** Connections that a worker has or will have to look at. */
  get pending(): number {
    let pending = 0;
    for (const connection of this.all()) if (connection.handedOut || connection.owed > 0) pending++;
    return pending;
  }

  /**
   * Counts the clients that wait for a response, or for the rest of one. One that was sent everything and has only not
   * closed yet is finished.
   */
  countUnfinished(): Unfinished {
    let connections = 0;
    let streams = 0;
    for (const { ending, owed, handedOut, partial } of this.all()) {
      if (ending && owed === 0 && !handedOut) continue;
      connections++;
      if (partial || owed > 0) streams++;
    }
    return { connections, requests: connections - streams, streams: streams + this.#cutOff };
  }

  /** Resolves when no connection is left, or the time is over. */
  whenNone(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenNone = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.count === 0) this.#whenNone();
    });
  }

  *all(): Generator<Connection> {
    for (const connection of this.#byNumber) if (connection !== undefined) yield connection;
  }

  byNumber(number: number): Connection | undefined {
    return this.#byNumber[number];
  }

  /** No more keep-alive: idle connections end now, the others after their pending requests, half-received ones included. */
  stop(): void {
    this.#stopping = true;
    for (const connection of this.all()) {
      if (connection.handedOut || connection.ending) continue;
      if (this.#options.inbound.isReceiving(connection)) continue;
      // Who is between two requests has nothing to lose by a reset, and is not waited for.
      if (connection.owed === 0) connection.socket.destroySoon();
      else this.#endings.end(connection);
    }
  }

  /** Ends whatever is left, without regard to what is pending. */
  destroyAll(): void {
    for (const connection of this.all()) this.#endings.breakOff(connection);
    this.#refused.destroyAll();
  }

  /** How often `sweep` is to be called. */
  get sweepIntervalMs(): number {
    return Deadlines.interval(this.#options.deadlines);
  }

  /** Applies the deadlines. */
  sweep(now: number): void {
    this.#deadlines.tick(now);
    for (const connection of this.all()) {
      switch (this.#deadlines.expired(connection, now)) {
        case 'none':
          break;
        case 'idle':
          this.#endings.end(connection);
          break;
        case 'request':
          this.#endings.refuse(connection, 408, 'The request did not arrive in time.');
          break;
        case 'write':
        case 'linger':
          this.#endings.breakOff(connection);
          break;
      }
    }
  }

  /** A record of a worker's ring: its bytes, and what it says about the turn. */
  onRecord(record: OutboundRingReader): void {
    const connection = this.#byNumber[record.connection];
    if (connection === undefined || connection.generation !== record.generation) return;
    const turn = record.flags & TURN_MASK;
    if (record.payloadLength > 0) {
      this.#options.outbound.send(
        connection,
        record.payloadAddress,
        record.payloadLength,
        turn === TURN_GOES_ON,
      );
    }
    connection.partial = (record.flags & RECORD_BOUNDARY) === 0;
    connection.consumed = record.consumed;
    if (turn !== TURN_GOES_ON) this.#endTurn(connection, turn, record.argument, record.seen);
  }

  /** Puts a connection that nobody owns (back) into the queue. */
  makeReady(connection: Connection): void {
    const { table, queue, onReady } = this.#options;
    connection.handedOut = true;
    connection.assignedTo = IN_QUEUE;
    connection.receiveDeadline = Number.POSITIVE_INFINITY;
    table.makeReady(connection.number);
    connection.queuePosition = queue.push(connection.number);
    onReady();
  }

  /**
   * The end of a turn whose worker has died.
   * @param consumed bytes of the buffer whose requests are answered
   * @param turn TURN_ANSWERED, TURN_CLOSE or TURN_ABORT
   */
  giveBack(connection: Connection, consumed: number, turn: number): void {
    connection.consumed = consumed;
    this.#endTurn(connection, turn, 0, 0);
  }

  /** After the death of a worker: the request that it had in process is served from its start by another. */
  runAgain(connection: Connection): void {
    const { table, outboundWindowBytes } = this.#options;
    table.setCredit(connection.number, outboundWindowBytes - connection.owed);
    table.setConsumed(connection.number, connection.consumed);
    table.endRequest(connection.number);
    this.makeReady(connection);
  }

  /**
   * The owner hangs in a native call and cannot be waited for: a client that waits for a response gets one in its place,
   * and the connection ends. Number and buffer, which the owner may still read, are given back at its 'exit'.
   */
  abandon(connection: Connection, status: number, detail: string): void {
    connection.abandoned = true;
    connection.generation = this.#options.table.disown(connection.number);
    this.#endings.abandon(connection, status, detail);
  }

  /** A client has connected. */
  accept(accepted: Socket): void {
    const number = this.#freeNumbers.pop();
    if (number === undefined) {
      this.#refused.refuse(accepted);
      return;
    }
    const { table } = this.#options;
    const peer = addressToWords(accepted.remoteAddress ?? '');
    const socket = adoptSocket(accepted, {
      buffer: this.#scratch,
      // Nothing is read before the event loop turns, when `connection` is long there.
      onBytes: (length) => this.#onBytes(connection, length),
    });
    const generation = table.open(number, this.#options.outboundWindowBytes);
    table.setPeer(number, peer);
    const connection = new Connection(number, generation, socket);
    this.#byNumber[number] = connection;
    this.#deadlines.opened(connection);
    socket.on('end', () => this.#onEnd(connection));
    // 'close' follows, and is where everything is undone; the error itself says nothing that we could act on.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose(connection));
    if (this.#stopping) this.#endings.end(connection);
  }

  #onBytes(connection: Connection, count: number): void {
    if (connection.ending || connection.closed) return;
    if (!this.#options.inbound.append(connection, this.#scratch, count)) {
      this.#endings.refuse(connection, 503, 'The server is out of memory for requests.', {
        'Retry-After': '1',
      });
      return;
    }
    if (connection.handedOut) return;
    this.#deadlines.receiving(connection);
    if (connection.length >= connection.needed) this.makeReady(connection);
  }

  /** FIN: the end of the client's requests, not an abort. Pending answers are still sent. */
  #onEnd(connection: Connection): void {
    connection.halfClosed = true;
    if (!connection.handedOut) this.#endRequests(connection);
  }

  /** The client has sent its last byte, and all that could be served is. */
  #endRequests(connection: Connection): void {
    if (this.#options.inbound.isReceiving(connection))
      this.#endings.refuse(connection, 400, 'The request ended before it was complete.');
    else this.#endings.end(connection);
  }

  #onClose(connection: Connection): void {
    connection.closed = true;
    if (!connection.handedOut) {
      this.#release(connection);
      return;
    }
    const word = this.#options.table.close(connection.number);
    if (stateOf(word) === STATE_RUNNING) this.#options.onAbort(connection, word);
  }

  #endTurn(connection: Connection, turn: number, missing: number, seen: number): void {
    const { table, inbound, outboundWindowBytes } = this.#options;
    const { consumed } = connection;
    connection.handedOut = false;
    table.endRequest(connection.number);
    table.setCredit(connection.number, outboundWindowBytes - connection.owed);
    if (consumed > 0) {
      connection.reruns = 0;
      connection.retakes = 0;
      this.#deadlines.answered(connection);
    }
    if (connection.closed) {
      this.#release(connection);
      return;
    }
    table.makeIdle(connection.number);
    if (connection.ending) {
      inbound.release(connection);
      return;
    }
    if (turn === TURN_ABORT) {
      if (this.#stopping) this.#cutOff++;
      this.#endings.cutOff(connection);
      return;
    }
    if (turn === TURN_CLOSE) {
      this.#endings.end(connection);
      return;
    }
    // Counted from what the worker saw: bytes that came after its look are not missing any more.
    const needed = Math.max(0, seen - consumed) + missing;
    const unseen = connection.length + (connection.overflow?.length ?? 0) - seen;
    if (!inbound.settle(connection, consumed, turn === TURN_NEED ? needed : 0)) {
      this.#endings.refuse(connection, 503, 'The server is out of memory for requests.', {
        'Retry-After': '1',
      });
      return;
    }
    if (turn === TURN_NEED) {
      this.#await(connection, needed, unseen > 0);
      return;
    }
    // What was kept for an incomplete request says nothing about the one after it.
    table.clearResume(connection.number);
    connection.needed = 0;
    if (turn === TURN_HEAVY) this.#options.onHeavy(connection);
    else if (connection.length > 0) this.makeReady(connection);
    else this.#rest(connection);
  }

  /** A request is incomplete. */
  #await(connection: Connection, needed: number, hasUnseen: boolean): void {
    // A body of unknown end and a head: any new byte is worth a look, a body of known length only its last.
    connection.needed = needed;
    if (hasUnseen && connection.length >= needed) {
      this.makeReady(connection);
      return;
    }
    if (connection.halfClosed) {
      this.#endRequests(connection);
      return;
    }
    if (!this.#options.inbound.isReceiving(connection)) {
      this.#rest(connection);
      this.#options.inbound.readOn(connection);
      return;
    }
    const inBody = this.#options.table.resumePhase(connection.number) >= PHASE_BODY;
    this.#deadlines.waiting(connection, inBody);
    this.#options.inbound.readOn(connection);
  }

  /** Nothing is left to do until the client sends the next request. */
  #rest(connection: Connection): void {
    if (connection.halfClosed || this.#stopping) this.#endings.end(connection);
    else this.#deadlines.resting(connection);
  }

  #release(connection: Connection): void {
    const { table, inbound } = this.#options;
    inbound.release(connection);
    table.release(connection.number);
    this.#byNumber[connection.number] = undefined;
    this.#freeNumbers.push(connection.number);
    if (this.count === 0) this.#whenNone?.();
  }
}

/** Lets a heavy request be run by a worker that has handlers in flight. */
export function insist(table: ConnectionTable, connection: Connection): void {
  table.setRequest(connection.number, REQUEST_INSIST);
}
