/**
 * Clients above MAX_CONNECTIONS: each gets its 503. They have no number and no buffer, and their input is
 * discarded. Main thread, called by connections.ts.
 */

import { protocolErrorResponse } from '../../http/problem.ts';
import type { MainCounts } from '../metrics/main-counts.ts';
import type { ClientSocket } from './client-socket.ts';

const NOTHING = Buffer.alloc(0);

/** The headers that the answer needs, for a request as far as it has come. */
export interface RefusalHeaders {
  readonly differByOrigin: boolean;
  for(request: Buffer): Readonly<Record<string, string>>;
}

export class RefusedSockets {
  readonly #lingerMs: number;
  readonly #mostAtOnce: number;
  readonly #refusalHeaders: RefusalHeaders;
  readonly #counts: MainCounts;
  readonly #sockets = new Set<ClientSocket>();

  /**
   * @param lingerMs until a client that does not close is cut off
   * @param mostAtOnce above it a client is cut off as soon as it was answered, because others need its
   * descriptor
   */
  constructor(lingerMs: number, mostAtOnce: number, refusalHeaders: RefusalHeaders, counts: MainCounts) {
    this.#counts = counts;
    this.#lingerMs = lingerMs;
    this.#mostAtOnce = mostAtOnce;
    this.#refusalHeaders = refusalHeaders;
  }

  refuse(socket: ClientSocket): void {
    socket.on('error', () => socket.destroy());
    if (this.#sockets.size >= this.#mostAtOnce) {
      this.#answer(socket, NOTHING);
      socket.destroySoon();
      return;
    }
    // The answer may depend on the origin, which stands in the request.
    if (this.#refusalHeaders.differByOrigin)
      socket.once('data', (bytes: Buffer) => this.#answer(socket, bytes));
    else this.#answer(socket, NOTHING);
    // If we closed with unread bytes, the kernel would reset the connection, and the client might lose the
    // answer.
    this.#linger(socket);
  }

  /** @param request its bytes, as far as they have come */
  #answer(socket: ClientSocket, request: Buffer): void {
    this.#counts.shed.connections++;
    this.#counts.answeredUnread(503);
    const headers = { 'Retry-After': '1', ...this.#refusalHeaders.for(request) };
    socket.end(protocolErrorResponse(503, 'The server has no room for another connection.', headers));
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #linger(socket: ClientSocket): void {
    this.#sockets.add(socket);
    const timer = setTimeout(() => {
      // It has sent nothing on which the answer could depend.
      if (!socket.writableEnded) this.#answer(socket, NOTHING);
      socket.destroySoon();
    }, this.#lingerMs);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    socket.resume();
  }
}
