/**
 * What clients do: they send bytes, end their requests, or leave. Main thread. connections.ts passes on the
 * events of sockets. Whose turn it is to act on a connection, ownership.ts knows.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { stateOf } from '../../memory/connections/state-word.ts';
import { REQUEST_HTTP_1_0, STATE_RUNNING } from '../../memory/protocol.ts';
import type { ConstantAnswers } from '../own-answers/constant-answers.ts';
import type { Connection } from './connection.ts';
import type { Endings } from './endings.ts';
import type { Ownership } from './ownership.ts';

/** Interim responses to a client that has sent FIN. */
const PROBES = 2;
const INTERIM_RESPONSE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');

export interface ClientEventsOptions {
  readonly table: ConnectionTable;
  readonly endings: Endings;
  readonly ownership: Ownership;
  readonly constantAnswers: Pick<ConstantAnswers, 'answer'>;
  /** The queue is so long that main answers requests itself, see overload/overload.ts. */
  readonly refuses: () => boolean;
  /** A request has come that is refused. */
  readonly onTurnAway: (connection: Connection) => void;
  /** Bytes have come for a connection that stands in the queue and that no worker may run. */
  readonly onWithdrawn: (connection: Connection) => void;
  /** The client of a connection that is handed out has sent FIN, or is gone. */
  readonly onLeft: (connection: Connection) => void;
  /** The client of a connection that a worker runs is gone. */
  readonly onAbort: (connection: Connection, stateWord: number) => void;
  /** The client of a connection that a worker runs has sent FIN. It may be gone, or wait for the answer. */
  readonly onHalfClosed: (connection: Connection, stateWord: number) => void;
}

export class ClientEvents {
  readonly #options: ClientEventsOptions;
  readonly #ownership: Ownership;

  constructor(options: ClientEventsOptions) {
    this.#options = options;
    this.#ownership = options.ownership;
  }

  /** Bytes have come: the first `count` of `source`. */
  received(connection: Connection, source: Buffer, count: number): void {
    if (!connection.isOpen) {
      if (connection.isEnding) connection.deadline.discarding(count);
      return;
    }
    const { buffer, isHandedOut } = connection;
    if (isHandedOut && connection.upload !== null) {
      connection.upload.received(source, count);
      return;
    }
    if (!isHandedOut && buffer.isEmpty && this.#answersAtOnce(connection, source, count)) return;
    if (!buffer.append(source, count, isHandedOut)) {
      this.#options.endings.refuseForMemory(connection);
      return;
    }
    if (isHandedOut) {
      if (connection.isWithdrawn) this.#options.onWithdrawn(connection);
      return;
    }
    connection.deadline.receiving();
    if (!buffer.isEnough) return;
    if (this.#options.refuses()) this.#options.onTurnAway(connection);
    else this.#ownership.makeReady(connection);
  }

  /** Whether the bytes are requests for a constant answer, which main gives at once. */
  #answersAtOnce({ writer, deadline }: Connection, source: Buffer, count: number): boolean {
    // A slow client gets its answer from a worker, which has credit. The last answer says that it is.
    if (this.#ownership.isStopping || writer.heldBytes > 0) return false;
    const answer = this.#options.constantAnswers.answer(source, count);
    if (answer === '') return false;
    writer.sendOwnText(answer);
    deadline.resting();
    return true;
  }

  /** FIN: the end of the client's requests, not an abort. Pending answers are still sent. */
  clientEnded(connection: Connection): void {
    connection.halfClose();
    if (!connection.isHandedOut) {
      this.#ownership.endRequests(connection);
    } else if (connection.isOpen) {
      const word = this.#options.table.stateWord(connection.number);
      connection.upload?.clientEnded();
      if (stateOf(word) === STATE_RUNNING) this.#options.onHalfClosed(connection, word);
      else this.#options.onLeft(connection);
    }
  }

  /**
   * The client has sent FIN some time ago and waits for an answer, or it is gone. TCP tells the two apart
   * only when something is sent to it: a client that is gone answers with a reset, which the second attempt
   * to send shows. An interim response changes nothing for one that waits (RFC 9110, section 15.2).
   */
  probe(connection: Connection): void {
    const { table } = this.#options;
    const { number, buffer, isPartial, probes } = connection;
    const isRunning = stateOf(table.stateWord(number)) === STATE_RUNNING;
    const hasRequest = isRunning && table.requestEnd(number) > buffer.consumed;
    if (probes >= PROBES || isPartial || !hasRequest || (table.request(number) & REQUEST_HTTP_1_0) !== 0)
      return;
    connection.probes++;
    connection.writer.sendOwn(INTERIM_RESPONSE);
  }

  /** The socket is gone. */
  clientGone(connection: Connection): void {
    const { isOpen } = connection;
    connection.close();
    connection.writer.finish();
    if (!connection.isHandedOut) {
      this.#ownership.release(connection);
      return;
    }
    const word = this.#options.table.close(connection.number);
    if (stateOf(word) === STATE_RUNNING) this.#options.onAbort(connection, word);
    else if (isOpen) this.#options.onLeft(connection);
  }
}
