/**
 * Clients above MAX_CONNECTIONS: each gets its 503 and a moment to read it. They have no number and no buffer; what
 * they send is thrown away. Main thread.
 */

import type { Socket } from 'node:net';
import { protocolErrorResponse } from '../http/problem.ts';

/** More than these at once are closed without an answer: they take descriptors that others need (descriptor-limit.ts). */
export const MOST_REFUSED_AT_ONCE = 256;

/** Of the connections that are served. */
export const REFUSED_SHARE = 0.25;

export class RefusedSockets {
  readonly #lingerMs: number;
  readonly #mostAtOnce: number;
  readonly #sockets = new Set<Socket>();

  /**
   * @param lingerMs until a client that does not close is cut off
   * @param connections that are served at once: no more than a quarter of that are refused at once
   */
  constructor(lingerMs: number, connections: number) {
    this.#lingerMs = lingerMs;
    this.#mostAtOnce = Math.min(MOST_REFUSED_AT_ONCE, Math.ceil(connections * REFUSED_SHARE));
  }

  refuse(socket: Socket): void {
    if (this.#sockets.size >= this.#mostAtOnce) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#lingerMs);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    // Closing with bytes unread would make the kernel reset the connection, and the client might lose the answer.
    socket.resume();
    socket.end(
      protocolErrorResponse(503, 'The server has no room for another connection.', { 'Retry-After': '1' }),
    );
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
