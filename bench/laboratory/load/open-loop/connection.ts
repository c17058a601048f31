/** A connection of the generator. It has one request, or one batch of them, at a time. */
import { connect, type Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

export interface ConnectionEvents {
  /** A response has come as a whole. */
  answered(due: number, status: number): void;
  /** The connection can take the next batch. */
  free(connection: Connection): void;
  /** These requests have no answer. */
  lost(due: number, requests: number): void;
}

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Responses to what is sent at once. */
  readonly batch: number;
  /** See OpenLoopOptions. */
  readonly closes: boolean;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  #socket: Socket | undefined;
  #reader = new ResponseReader();
  #due = 0;
  #awaited = 0;
  #closed = false;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Opens it ahead of its first request, unless every request has its own. */
  open(): Promise<void> {
    if (this.#options.closes) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#connect().once('connect', resolve).once('error', reject);
    return promise;
  }

  /** @param due the time from which its latency counts */
  send(bytes: Buffer, due: number): void {
    this.#due = due;
    this.#awaited = this.#options.batch;
    const socket = this.#socket ?? this.#connect();
    socket.write(bytes);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const { host, port } = this.#options;
    const socket = connect({ host, port, noDelay: true });
    this.#reader = new ResponseReader();
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#read(socket, bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClose(socket));
    return socket;
  }

  #read(socket: Socket, bytes: Buffer): void {
    try {
      this.#reader.read(bytes, (status) => this.#onResponse(status));
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onResponse(status: number): void {
    this.#awaited -= 1;
    this.#events.answered(this.#due, status);
    if (this.#awaited > 0) return;
    if (this.#options.closes) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    this.#events.free(this);
  }

  /** A connection that the server has closed is opened again with the next request. */
  #onClose(socket: Socket): void {
    if (this.#closed || this.#socket !== socket) return;
    this.#socket = undefined;
    if (this.#awaited === 0) return;
    const lost = this.#awaited;
    this.#awaited = 0;
    this.#events.lost(this.#due, lost);
    this.#events.free(this);
  }
}
