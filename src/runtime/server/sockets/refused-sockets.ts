/**
 * Clients above MAX_CONNECTIONS: each gets its 503. They have no number and no buffer, and their input is
 * discarded. Main thread, called by connections.ts.
 */

import { protocolErrorResponse } from '../../http/problem.ts';
import type { ClientSocket } from './client-socket.ts';

export class RefusedSockets {
  readonly #lingerMs: number;
  readonly #mostAtOnce: number;
  readonly #sockets = new Set<ClientSocket>();

  /**
   * @param lingerMs until a client that does not close is cut off
   * @param mostAtOnce above it a client is cut off as soon as it was answered, because others need its
   * descriptor
   */
  constructor(lingerMs: number, mostAtOnce: number) {
    this.#lingerMs = lingerMs;
    this.#mostAtOnce = mostAtOnce;
  }

  refuse(socket: ClientSocket): void {
    socket.on('error', () => socket.destroy());
    socket.end(
      protocolErrorResponse(503, 'The server has no room for another connection.', { 'Retry-After': '1' }),
    );
    // If we closed with unread bytes, the kernel would reset the connection, and the client might lose the
    // answer.
    if (this.#sockets.size < this.#mostAtOnce) this.#linger(socket);
    else socket.destroySoon();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #linger(socket: ClientSocket): void {
    this.#sockets.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#lingerMs);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    socket.resume();
  }
}
