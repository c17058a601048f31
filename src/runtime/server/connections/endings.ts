/**
 * How a connection ends: after its last answer, instead of one, in the middle of one, or at once. Main
 * thread. ownership.ts and connections.ts call it, and keep number and buffer until nobody uses them any
 * more.
 */

import type { Headers } from '../../http/cors/policy.ts';
import { protocolErrorResponse } from '../../http/problem.ts';
import { withoutContent } from '../../http/response/head-method.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { REQUEST_HTTP_1_0, routeOf } from '../../memory/protocol.ts';
import type { MainCounts } from '../metrics/main-counts.ts';
import type { Connection } from './connection.ts';
import type { RefusalHeaders } from './refusal-headers.ts';

export class Endings {
  readonly #table: ConnectionTable;
  readonly #refusalHeaders: Pick<RefusalHeaders, 'for'>;
  readonly #counts: MainCounts;

  constructor(table: ConnectionTable, refusalHeaders: Pick<RefusalHeaders, 'for'>, counts: MainCounts) {
    this.#table = table;
    this.#refusalHeaders = refusalHeaders;
    this.#counts = counts;
  }

  /**
   * Answers a request that cannot be served, and closes. For a connection that is not handed out, or that was
   * withdrawn: its buffer stays until its entry in the queue was popped.
   */
  refuse(connection: Connection, status: number, detail: string, headers?: Record<string, string>): void {
    if (!connection.isOpen) return;
    this.#counts.answeredUnread(status);
    this.#sendProblem(connection, status, detail, headers);
    this.#finish(connection);
    if (!connection.isHandedOut) connection.buffer.release();
  }

  /** Refuses a client for whose bytes there is no buffer. Only for a connection that is not handed out. */
  refuseForMemory(connection: Connection): void {
    this.#counts.shed.memory++;
    this.refuse(connection, 503, 'The server is out of memory for requests.', { 'Retry-After': '1' });
  }

  /**
   * Sends FIN after the pending bytes, and discards further input until the client closes too. If we closed
   * at once, the kernel would reset the connection, and the client might lose the answer (RFC 9112, section
   * 9.6). Only for a connection that is not handed out.
   */
  end(connection: Connection): void {
    if (!connection.isOpen) return;
    this.#finish(connection);
    connection.buffer.release();
  }

  /**
   * Ends a connection whose owner hangs. The owner may still read the buffer.
   * @returns the headers of the answer, or null if the client waited for none
   */
  abandon(connection: Connection, status: number, detail: string): Headers | null {
    let answer: Headers | null = null;
    const isWaiting = !connection.isPartial && connection.buffer.isReceiving();
    if (isWaiting && connection.isOpen) {
      this.#counts.answered(status, routeOf(this.#table.request(connection.number)));
      answer = this.#sendProblem(connection, status, detail);
    }
    if (this.#wouldPassForWhole(connection)) connection.socket.resetAndDestroy();
    else this.#finish(connection);
    return answer;
  }

  /** Breaks off a response that cannot be completed. The part that was sent still arrives. */
  cutOff(connection: Connection): void {
    if (this.#wouldPassForWhole(connection)) connection.socket.resetAndDestroy();
    else this.end(connection);
  }

  /** Ends a connection now, even if bytes are still to be sent. */
  breakOff(connection: Connection): void {
    if (this.#wouldPassForWhole(connection)) connection.socket.resetAndDestroy();
    else connection.socket.destroy();
  }

  /**
   * Whether the client could take a part of a response for the whole. A length or chunks show that something
   * is missing. To an HTTP/1.0 client without a length, only a reset shows it.
   */
  #wouldPassForWhole({ number, isPartial, writer }: Connection): boolean {
    return (isPartial || writer.owed > 0) && (this.#table.request(number) & REQUEST_HTTP_1_0) !== 0;
  }

  /**
   * Answers the first unanswered request, and says that the connection closes.
   * @returns the headers of the answer
   */
  #sendProblem(
    connection: Connection,
    status: number,
    detail: string,
    headers?: Record<string, string>,
  ): Headers {
    const all = { ...headers, ...this.#refusalHeaders.for(connection.buffer.pending()) };
    const response = protocolErrorResponse(status, detail, all);
    connection.writer.sendOwn(connection.buffer.holdsHead() ? withoutContent(response) : response);
    return all;
  }

  #finish(connection: Connection): void {
    connection.end();
    connection.writer.end(() => {
      connection.writer.finish();
      connection.deadline.lingering();
    });
    connection.deadline.lingering();
    connection.buffer.readOn();
  }
}
