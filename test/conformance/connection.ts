/**
 * One raw TCP connection of a test client: writes exact bytes, keeps everything that comes back, and lets the
 * caller wait for events. Nothing here sleeps. The deadlines only bound a server that hangs.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Response, readResponses } from './response.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export class Connection implements Disposable {
  readonly #socket: Socket;
  readonly #headRequests: readonly number[];
  readonly #pieces: Buffer[] = [];
  #changed = Promise.withResolvers<void>();
  #read: {
    readonly length: number;
    readonly closed: boolean;
    readonly responses: readonly Response[];
    readonly rest: string;
  } = {
    length: 0,
    closed: false,
    responses: [],
    rest: '',
  };
  #length = 0;
  /** The server has ended the connection, or reset it. */
  closed = false;
  /** Code of the error that ended it, if one did. */
  error: string | undefined;

  /** @param headRequests indexes of the final responses that answer HEAD */
  static async open(address: Address, headRequests: readonly number[] = []): Promise<Connection> {
    const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    // A server on this thread accepts it in the next turn, so that it finds the first byte alone.
    await nextTurn();
    await nextTurn();
    return new Connection(socket, headRequests);
  }

  private constructor(socket: Socket, headRequests: readonly number[]) {
    this.#socket = socket;
    this.#headRequests = headRequests;
    socket.on('data', (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.#length += bytes.length;
      this.#notify();
    });
    socket.on('end', () => this.#close());
    socket.on('close', () => this.#close());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  get responses(): readonly Response[] {
    return this.#readAll().responses;
  }

  /** Bytes that are not a response. */
  get rest(): string {
    return this.#readAll().rest;
  }

  /** Writes the bytes and lets a server on this thread read them before the promise is kept. */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 || this.closed || this.#socket.destroyed) return;
    const written = Promise.withResolvers<void>();
    this.#socket.write(bytes, () => written.resolve());
    await written.promise;
    await nextTurn();
  }

  finish(): void {
    this.#socket.end();
  }

  /** Waits until the condition holds. It is checked whenever bytes arrive. False after the deadline. */
  async until(condition: () => boolean, deadlineMs: number): Promise<boolean> {
    const deadline = AbortSignal.timeout(deadlineMs);
    const expired = once(deadline, 'abort');
    while (!condition()) {
      if (deadline.aborted) return false;
      await Promise.race([this.#changed.promise, expired]);
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #close(): void {
    this.closed = true;
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #readAll(): { readonly responses: readonly Response[]; readonly rest: string } {
    if (this.#read.length !== this.#length || this.#read.closed !== this.closed) {
      const text = Buffer.concat(this.#pieces).toString('latin1');
      const read = readResponses(text, this.#headRequests, this.closed);
      this.#read = { ...read, length: this.#length, closed: this.closed };
    }
    return this.#read;
  }
}
