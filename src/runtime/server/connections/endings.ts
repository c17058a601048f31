/**
 * How a connection ends: after its last answer, instead of one, in the middle of one, or at once. Main
 * thread, called by ownership.ts and connections.ts, which keep its number and buffer until nobody has them
 * any more.
 */

import { protocolErrorResponse } from '../../http/problem.ts';
import { withoutContent } from '../../http/response/head-method.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { REQUEST_HTTP_1_0 } from '../../memory/protocol.ts';
import type { Connection } from './connection.ts';

export class Endings {
  readonly #table: ConnectionTable;

  constructor(table: ConnectionTable) {
    this.#table = table;
  }

  /** Answers what cannot be served and closes. Only for a connection that is not handed out. */
  refuse(connection: Connection, status: number, detail: string, headers?: Record<string, string>): void {
    this.#answerInstead(connection, status, detail, headers);
    this.end(connection);
  }

  /** There is no buffer for what the client sends. Only for a connection that is not handed out. */
  refuseForMemory(connection: Connection): void {
    this.refuse(connection, 503, 'The server is out of memory for requests.', { 'Retry-After': '1' });
  }

  /**
   * Sends FIN after what is being sent, and throws away what still comes until the client closes too. Closing
   * at once would make the kernel reset the connection, and the client might lose the answer (RFC 9112,
   * section 9.6). Only for a connection that is not handed out.
   */
  end(connection: Connection): void {
    if (!connection.isOpen) return;
    this.#finish(connection);
    connection.buffer.release();
  }

  /** A connection whose owner hangs, and may still read its buffer. */
  abandon(connection: Connection, status: number, detail: string): void {
    const isWaiting = !connection.isPartial && connection.buffer.isReceiving();
    if (isWaiting) this.#answerInstead(connection, status, detail);
    if (this.#wouldPassForWhole(connection)) connection.socket.resetAndDestroy();
    else this.#finish(connection);
  }

  /** The response has begun and cannot be completed. What was sent of it arrives. */
  cutOff(connection: Connection): void {
    if (this.#wouldPassForWhole(connection)) connection.socket.resetAndDestroy();
    else this.end(connection);
  }

  /** Ends a connection now, whatever is still to be sent. */
  breakOff(connection: Connection): void {
    if (this.#wouldPassForWhole(connection)) connection.socket.resetAndDestroy();
    else connection.socket.destroy();
  }

  /**
   * Whether the client could take what it has of a response for all of it. A length or chunks tell that it is
   * not. To an HTTP/1.0 client, without chunks, only a reset does.
   */
  #wouldPassForWhole({ number, isPartial, writer }: Connection): boolean {
    return (isPartial || writer.owed > 0) && (this.#table.request(number) & REQUEST_HTTP_1_0) !== 0;
  }

  /** Answers the first request that is not answered, and says that the connection closes. */
  #answerInstead(
    connection: Connection,
    status: number,
    detail: string,
    headers?: Record<string, string>,
  ): void {
    if (!connection.isOpen) return;
    const response = protocolErrorResponse(status, detail, headers);
    connection.writer.sendOwn(connection.buffer.holdsHead() ? withoutContent(response) : response);
  }

  #finish(connection: Connection): void {
    connection.end();
    connection.socket.end(() => {
      connection.writer.finish();
      connection.deadline.lingering();
    });
    connection.deadline.lingering();
    connection.buffer.readOn();
  }
}
