/**
 * The body of a request that is streamed to its handler, on main's side. Main thread, one for each such
 * request, made when its worker first asks for bytes. The worker's side is worker/uploads/upload.ts.
 *
 * From then on nothing is added to the connection's buffer. Each read of the socket is a piece, and a piece
 * is sent when the worker asks for it. One piece more may wait here, and then the socket is not read. So a
 * handler that reads slowly makes its client wait. When the body has ended, what follows it is added to the
 * buffer, as if it had just come, and the worker may go on.
 */

import { invariant } from '../../../platform/invariant.ts';
import type { BodyFailure, UploadAnswer } from '../../worker/messages.ts';
import type { Deadlines } from '../sockets/deadlines.ts';
import type { InboundBuffer } from '../sockets/inbound.ts';

/** A client that sends so much has earned REQUEST_TIMEOUT_MS anew. */
const BYTES_OF_A_TIMEOUT = 65_536;

/** The connection, as an upload needs it. */
export interface UploadingConnection {
  readonly number: number;
  readonly generation: number;
  readonly buffer: InboundBuffer;
  /** The client sends nothing more. */
  readonly isHalfClosed: boolean;
}

export interface UploadOptions {
  readonly connection: UploadingConnection;
  readonly deadlines: Deadlines;
  readonly send: (answer: UploadAnswer) => void;
}

export class Upload {
  readonly #options: UploadOptions;
  /** Pieces that have come and that the worker has not asked for. */
  readonly #held: Uint8Array<ArrayBuffer>[] = [];
  /** The worker waits for a piece. */
  #isWanted = false;
  #wantedSince = 0;
  /** How long the client may still take, while the worker waits. */
  #patienceMs: number;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#patienceMs = options.deadlines.options.requestTimeoutMs;
    const overflow = options.connection.buffer.takeOverflow();
    if (overflow !== null) this.#held.push(overflow);
  }

  /** The worker asks for a piece. @param seen bytes of the buffer that it has seen */
  wanted(seen: number): void {
    const { connection, deadlines } = this.#options;
    const { buffer, isHalfClosed } = connection;
    const piece = this.#held.shift();
    if (piece !== undefined || buffer.hasMoreThan(seen)) this.#answer(piece ?? null, null);
    else if (buffer.isBroken) this.#answer(null, 'no-memory');
    else if (isHalfClosed) this.#answer(null, 'incomplete');
    else {
      this.#isWanted = true;
      this.#wantedSince = deadlines.now;
      buffer.readOn();
    }
  }

  /** Bytes have come: the first `count` of `source`. */
  received(source: Buffer, count: number): void {
    const piece = new Uint8Array(source.subarray(0, count));
    if (this.#isWanted) {
      this.#earn(count);
      this.#answer(piece, null);
    } else {
      this.#held.push(piece);
      this.#options.connection.buffer.pause();
    }
  }

  /** The client sends nothing more. */
  clientEnded(): void {
    if (this.#isWanted) this.#answer(null, 'incomplete');
  }

  /** The slow timer calls this. */
  check(): void {
    const waited = this.#options.deadlines.now - this.#wantedSince;
    if (this.#isWanted && waited > this.#patienceMs) this.#answer(null, 'stalled');
  }

  /** The body has ended. @param surplus bytes of its last piece that follow it */
  ended(surplus: Uint8Array): void {
    invariant(!this.#isWanted, 'A body ends with a piece that has come.');
    const { buffer, number, generation } = this.#options.connection;
    buffer.readOn();
    for (const piece of [surplus, ...this.#held]) {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      if (bytes.length > 0) buffer.append(bytes, bytes.length, true);
    }
    this.#options.send({ type: 'body-closed', connection: number, generation });
  }

  /** The client sends, so it has time again, in proportion to what it sends. */
  #earn(bytes: number): void {
    const { now, options } = this.#options.deadlines;
    const earned = (bytes / BYTES_OF_A_TIMEOUT) * options.requestTimeoutMs;
    const left = this.#patienceMs - (now - this.#wantedSince);
    this.#patienceMs = Math.min(options.requestTimeoutMs, left + earned);
  }

  #answer(bytes: Uint8Array | null, failure: BodyFailure | null): void {
    const { number, generation } = this.#options.connection;
    this.#isWanted = false;
    this.#options.send({ type: 'body', connection: number, generation, bytes, failure });
  }
}
