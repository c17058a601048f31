/**
 * The ownership of connections: main hands them to the workers and takes them back after the last record of a
 * turn. Main thread. client-events.ts acts on what clients do, the dispatcher passes on records, and recovery
 * decides for dead workers.
 *
 *     IDLE ─▶ READY ─▶ RUNNING ─▶ IDLE or READY        (memory/connections/connection-table.ts)
 *
 * A number, its buffer and its queue entry are used again only after the socket is gone and the connection
 * was given back, by its last record or by the 'exit' of its owner. So a number stands in the queue at most
 * once.
 */

import { PHASE_BODY } from '../../../../assembly/record.ts';
import { checksInvariants, invariant } from '../../../platform/invariant.ts';
import type { Headers } from '../../http/cors/policy.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { ReadyQueue } from '../../memory/connections/ready-queue.ts';
import { stateOf } from '../../memory/connections/state-word.ts';
import {
  MAIN_SLOT,
  RECORD_BOUNDARY,
  STATE_RUNNING,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_CLOSE,
  TURN_GOES_ON,
  TURN_HEAVY,
  TURN_MASK,
  TURN_NEED,
} from '../../memory/protocol.ts';
import type { OutboundRingReader } from '../../memory/workers/outbound-ring-reader.ts';
import type { OutboundLedger } from '../sockets/outbound-ledger.ts';
import type { TurnTimes } from '../timing/turn-times.ts';
import { ANY_WORKER, type Connection } from './connection.ts';
import type { Endings } from './endings.ts';
import type { Registry } from './registry.ts';

export interface OwnershipOptions {
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly registry: Registry;
  readonly endings: Endings;
  readonly ledger: OutboundLedger;
  readonly turnTimes: TurnTimes;
  /** The queue is not empty. */
  readonly onReady: () => void;
  /** A connection has a request for a heavy route, which its worker did not run. */
  readonly onHeavy: (connection: Connection) => void;
}

export class Ownership {
  readonly #options: OwnershipOptions;
  #isStopping = false;
  #cutOffs = 0;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** No more keep-alive. See `Connections.stop`. */
  stop(): void {
    this.#isStopping = true;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Responses that were cut off since `stop`. */
  get cutOffs(): number {
    return this.#cutOffs;
  }

  // ---- What the workers do ----

  /** Handles a record of a worker's ring: sends its bytes and acts on the state of the turn. */
  onRecord(record: OutboundRingReader): void {
    const connection = this.#options.registry.byNumber(record.connection);
    if (connection === undefined || connection.generation !== record.generation) return;
    if (checksInvariants) this.#expectRunning(connection);
    const turn = record.flags & TURN_MASK;
    if (connection.isWithdrawn) {
      // The worker has done nothing but pop it.
      this.#endTurn(connection, TURN_ANSWERED, 0, 0);
      return;
    }
    if (record.payloadLength > 0 && connection.isOpen) this.#send(connection, record, turn === TURN_GOES_ON);
    connection.isPartial = (record.flags & RECORD_BOUNDARY) === 0;
    connection.buffer.markAnswered(record.consumed);
    if (turn !== TURN_GOES_ON) this.#endTurn(connection, turn, record.argument, record.seen);
  }

  #send(connection: Connection, { payloadAddress, payloadLength }: OutboundRingReader, more: boolean): void {
    const { writer } = connection;
    if (connection.isTimed) {
      const send = () => writer.send(payloadAddress, payloadLength, more);
      this.#options.turnTimes.send(connection, !more, send);
    } else writer.send(payloadAddress, payloadLength, more);
  }

  /** Puts a connection that nobody owns (back) into the queue. */
  makeReady(connection: Connection): void {
    const { table, queue, turnTimes, onReady } = this.#options;
    // One that was handed out already has its credit, and a worker may be reading it.
    if (!connection.isHandedOut) this.#grant(connection);
    connection.handTo(ANY_WORKER);
    // A dead worker may have popped a connection that main has ended. It keeps the time for its client to
    // close.
    if (connection.isOpen) connection.deadline.suspend();
    turnTimes.queued(connection);
    table.makeReady(connection.number);
    connection.bytesSeenWaiting = -1;
    connection.queuePosition = queue.push(connection.number);
    onReady();
  }

  /** The connection is about to be handed to a worker. Its credit is counted afresh. */
  #grant(connection: Connection): void {
    const { table, ledger } = this.#options;
    ledger.release(connection.granted);
    connection.granted = ledger.grant(connection.writer.owed);
    table.setCredit(connection.number, connection.granted);
  }

  // ---- What main does for requests that wait too long (overload/overload.ts) ----

  /**
   * No worker may run a queued connection any more.
   * @returns false if a worker has taken it
   */
  withdraw(connection: Connection): boolean {
    if (connection.isWithdrawn || !this.#options.table.withdraw(connection.number)) return false;
    connection.isWithdrawn = true;
    return true;
  }

  /** Main has popped the connection from the queue itself: it was withdrawn, or the client is gone. */
  takeOut(connection: Connection): void {
    invariant(connection.isWithdrawn || connection.isClosed, 'Main pops what no worker has to serve.');
    this.#options.table.take(connection.number, MAIN_SLOT);
    this.#endTurn(connection, TURN_ANSWERED, 0, 0);
  }

  /**
   * Main answers the first request of a connection that it holds or has withdrawn, and goes on with the next.
   * @param length bytes of the request
   */
  answerItself(connection: Connection, response: Buffer, length: number): void {
    const { buffer, writer } = connection;
    writer.sendOwn(response);
    buffer.markAnswered(buffer.consumed + length);
    if (!connection.isHandedOut) this.#settle(connection, TURN_ANSWERED, 0, 0);
  }

  // ---- What recovery decides for a worker that is dead, or hangs ----

  /**
   * The end of a turn whose worker has died.
   * @param consumed bytes of the buffer whose requests are answered
   * @param turn TURN_ANSWERED, TURN_CLOSE or TURN_ABORT
   */
  giveBack(connection: Connection, consumed: number, turn: number): void {
    connection.buffer.markAnswered(consumed);
    this.#endTurn(connection, turn, 0, 0);
  }

  /** Main answers in place of a worker that has died, and takes the connection back. See `giveBack`. */
  answer(connection: Connection, response: Buffer, consumed: number, turn: number): void {
    if (connection.isOpen) connection.writer.sendOwn(response);
    this.giveBack(connection, consumed, turn);
  }

  /** Another worker serves the request that a dead worker had in process, from its start. */
  runAgain(connection: Connection): void {
    const { table } = this.#options;
    this.#grant(connection);
    table.setConsumed(connection.number, connection.buffer.consumed);
    table.endRequest(connection.number);
    this.makeReady(connection);
  }

  /**
   * The owner hangs in a native call, so nobody waits for it. Main answers a client that waits for a
   * response, and the connection ends. The owner may still read number and buffer, so they are given back at
   * its 'exit'.
   * @returns the headers of the answer, or null if the client waited for none
   */
  abandon(connection: Connection, status: number, detail: string): Headers | null {
    connection.abandon();
    connection.generation = this.#options.table.disown(connection.number);
    return this.#options.endings.abandon(connection, status, detail);
  }

  // ---- The end of a turn ----

  #endTurn(connection: Connection, turn: number, missing: number, seen: number): void {
    const { table, ledger, endings } = this.#options;
    const { number, buffer } = connection;
    connection.takeBack();
    connection.isWithdrawn = false;
    table.endRequest(number);
    ledger.release(connection.granted);
    connection.granted = 0;
    if (connection.isClosed) {
      this.release(connection);
      return;
    }
    table.makeIdle(number);
    if (connection.isEnding) {
      buffer.release();
      return;
    }
    if (turn === TURN_ABORT) {
      if (this.#isStopping) this.#cutOffs++;
      endings.cutOff(connection);
      return;
    }
    if (turn === TURN_CLOSE) {
      endings.end(connection);
      return;
    }
    this.#settle(connection, turn, missing, seen);
  }

  /** Main holds the connection again, and looks what is to be done for it next. */
  #settle(connection: Connection, turn: number, missing: number, seen: number): void {
    const { table, endings } = this.#options;
    const { number, buffer } = connection;
    const { consumed } = buffer;
    if (consumed > 0) {
      connection.attempts.reset();
      connection.deadline.answered();
    }
    // The worker counted from the bytes that it saw, so bytes that came later are no longer missing.
    const needed = turn === TURN_NEED ? Math.max(0, seen - consumed) + missing : 0;
    const hasUnseen = buffer.hasMoreThan(seen);
    if (!buffer.settle(needed)) {
      endings.refuseForMemory(connection);
      return;
    }
    if (turn === TURN_NEED) {
      this.#await(connection, hasUnseen);
      return;
    }
    // The state of an incomplete request does not apply to the next request.
    table.clearResume(number);
    if (turn === TURN_HEAVY) {
      this.#grant(connection);
      this.#options.onHeavy(connection);
    } else if (buffer.isEmpty) this.#rest(connection);
    else this.makeReady(connection);
  }

  /** A request is incomplete. */
  #await(connection: Connection, hasUnseen: boolean): void {
    const { buffer } = connection;
    // A head, or a body of unknown length: any new byte may complete it. A body of known length: only its
    // last byte.
    if (hasUnseen && buffer.isEnough) {
      this.makeReady(connection);
      return;
    }
    if (connection.isHalfClosed) {
      this.endRequests(connection);
      return;
    }
    if (!buffer.isReceiving()) {
      this.#rest(connection);
      buffer.readOn();
      return;
    }
    const inBody = this.#options.table.resumePhase(connection.number) >= PHASE_BODY;
    connection.deadline.waiting(inBody);
    buffer.readOn();
  }

  /** There is nothing to do until the client sends the next request. */
  #rest(connection: Connection): void {
    if (connection.isHalfClosed) this.#options.endings.end(connection);
    else connection.deadline.resting();
  }

  /** The client has sent its last byte, and all complete requests are answered. */
  endRequests(connection: Connection): void {
    const { endings } = this.#options;
    if (connection.buffer.isReceiving())
      endings.refuse(connection, 400, 'The request ended before it was complete.');
    else endings.end(connection);
  }

  /** Nobody uses the connection any more, so its buffer and its number become free. */
  release(connection: Connection): void {
    const { table, registry } = this.#options;
    connection.buffer.release();
    table.release(connection.number);
    registry.remove(connection);
  }

  #expectRunning({ number }: Connection): void {
    invariant(
      stateOf(this.#options.table.stateWord(number)) === STATE_RUNNING,
      'A worker publishes only for a connection that it has taken.',
    );
  }
}
