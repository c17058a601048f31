/**
 * How a connection ends: after its last answer, instead of one, in the middle of one, or at once. Main thread, called by
 * connections.ts alone, which keeps its number and buffer until nobody has them any more.
 */

import { protocolErrorResponse } from '../../http/problem.ts';
import { withoutContent } from '../../http/response/head-method.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { REQUEST_HTTP_1_0 } from '../../memory/protocol.ts';
import type { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { Inbound } from './inbound.ts';
import type { Outbound } from './outbound.ts';

export interface EndingsOptions {
  readonly table: ConnectionTable;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly deadlines: Deadlines;
}

export class Endings {
  readonly #options: EndingsOptions;

  constructor(options: EndingsOptions) {
    this.#options = options;
  }

  /** Answers what cannot be served and closes. Only for a connection that is not handed out. */
  refuse(connection: Connection, status: number, detail: string, headers?: Record<string, string>): void {
    this.#answerInstead(connection, status, detail, headers);
    this.end(connection);
  }

  /**
   * Sends FIN after what is being sent, and throws away what still comes until the client closes too: closing at
   * once would make the kernel reset the connection, and the client might lose the answer (RFC 9112, section 9.6).
   * Only for a connection that is not handed out.
   */
  end(connection: Connection): void {
    if (connection.ending || connection.closed) return;
    this.#finish(connection);
    this.#options.inbound.release(connection);
  }

  /** A connection whose owner hangs, and may still read its buffer. */
  abandon(connection: Connection, status: number, detail: string): void {
    const isWaiting = !connection.partial && this.#options.inbound.isReceiving(connection);
    if (isWaiting) this.#answerInstead(connection, status, detail);
    if (this.#wouldPassForWhole(connection)) connection.socket.resetAndDestroy();
    else this.#finish(connection);
  }

  /** The response has begun and cannot be completed; what was sent of it arrives. */
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
   * Whether the client could take what it has of a response for all of it. A length or chunks tell that it is not; to an
   * HTTP/1.0 client, without chunks, only a reset does.
   */
  #wouldPassForWhole({ number, partial, owed }: Connection): boolean {
    return (partial || owed > 0) && (this.#options.table.request(number) & REQUEST_HTTP_1_0) !== 0;
  }

  /** Answers the first request that is not answered, and says that the connection closes. */
  #answerInstead(
    connection: Connection,
    status: number,
    detail: string,
    headers?: Record<string, string>,
  ): void {
    const { inbound, outbound } = this.#options;
    const response = protocolErrorResponse(status, detail, headers);
    outbound.sendOwn(connection, inbound.holdsHead(connection) ? withoutContent(response) : response);
  }

  #finish(connection: Connection): void {
    connection.ending = true;
    connection.socket.end(() => {
      connection.owed = 0;
      connection.writeDeadline = Number.POSITIVE_INFINITY;
      this.#options.deadlines.linger(connection);
    });
    this.#options.deadlines.linger(connection);
    this.#options.inbound.readOn(connection);
  }
}
