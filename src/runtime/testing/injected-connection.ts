/**
 * The client's end of an in-process connection: what a socket is elsewhere. The worker may publish as many
 * bytes as its reader has room for, so a slow reader makes the application wait, as a slow client does.
 */
import { Duplex } from 'node:stream';

/** What a connection tells the side that owns the shared memory (main-side.ts). */
export interface ConnectionEvents {
  /** Bytes have come. @returns how many of them there is room for now */
  received(connection: InjectedConnection, bytes: Uint8Array): number;
  /** The reader has taken bytes. */
  taken(connection: InjectedConnection, bytes: number): void;
  /** The client sends nothing more. */
  ended(connection: InjectedConnection): void;
  /** The client is gone. */
  gone(connection: InjectedConnection): void;
}

interface WaitingBytes {
  readonly bytes: Uint8Array;
  readonly done: () => void;
}

export class InjectedConnection extends Duplex {
  readonly number: number;
  readonly generation: number;
  readonly #events: ConnectionEvents;
  /** Bytes that were sent to the reader, which has not taken them. */
  #untaken = 0;
  /** What the client has written and there was no room for. */
  #waiting: WaitingBytes | null = null;
  /** The server has ended the connection. It reads nothing more. */
  #isOver = false;

  constructor(number: number, generation: number, events: ConnectionEvents) {
    super();
    this.number = number;
    this.generation = generation;
    this.#events = events;
  }

  get untaken(): number {
    return this.#untaken;
  }

  // ---- The server's side ----

  /** Sends bytes to the client. @param bytes a private copy */
  send(bytes: Buffer): void {
    if (this.destroyed || this.#isOver) return;
    this.#untaken += bytes.length;
    if (this.push(bytes)) this.#take();
  }

  /** Sends nothing more, and ignores what still comes. */
  finish(): void {
    if (this.destroyed || this.#isOver) return;
    this.#isOver = true;
    this.push(null);
    this.readOn();
  }

  /** There is room for more bytes. */
  readOn(): void {
    if (this.#waiting === null) return;
    const { bytes, done } = this.#waiting;
    this.#waiting = null;
    this.#receive(bytes, done);
  }

  // ---- The client's side, as Duplex calls it ----

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#receive(bytes, done);
  }

  override _final(done: () => void): void {
    if (!this.#isOver) this.#events.ended(this);
    done();
  }

  override _read(): void {
    this.#take();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#waiting = null;
    this.#events.gone(this);
    done(error);
  }

  #receive(bytes: Uint8Array, done: () => void): void {
    const received = this.#isOver ? bytes.length : this.#events.received(this, bytes);
    if (received === bytes.length) done();
    else this.#waiting = { bytes: bytes.subarray(received), done };
  }

  #take(): void {
    const taken = this.#untaken;
    this.#untaken = 0;
    if (taken > 0) this.#events.taken(this, taken);
  }
}
