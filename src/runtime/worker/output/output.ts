/**
 * The outbound side of one connection during one turn: it puts response bytes into the worker's ring, within
 * the connection's credit. A response that fits is written at once. The rest of a larger one is written in
 * pieces as the main thread makes room. Main rings after it has drained the ring or extended credit, and the
 * waiting turns then check again. Worker threads only.
 */

import { invariant } from '../../../platform/invariant.ts';
import type { TurnEnding } from '../../memory/protocol.ts';
import type { TurnProgress } from '../../memory/workers/outbound-ring-writer.ts';
import type { WorkerContext } from '../context.ts';
import { OutputAbortedError } from './abort-errors.ts';
import { writeText } from './short-text.ts';

/** From this size on, `Buffer.copy` is faster than `TypedArray.set`. */
const LARGE_BYTES = 8_192;
/** A smaller piece is not worth a record of its own while more is to be sent. */
const SMALLEST_PIECE = 4_096;

export class Output {
  readonly #context: WorkerContext;
  /** The state of the turn that every record carries. */
  readonly #progress: TurnProgress;
  /** The credit as last read. See memory/connections/connection-table.ts. */
  #credit: number;
  /** Bytes written to records in this turn. */
  #spent = 0;
  #aborted = false;
  #onAbort: (() => void) | null = null;

  constructor(context: WorkerContext, progress: TurnProgress) {
    this.#context = context;
    this.#progress = progress;
    this.#credit = context.table.credit(progress.connection);
  }

  /** Ends every present and future wait with an OutputAbortedError. */
  abort(): void {
    this.#aborted = true;
    this.#onAbort?.();
    this.#context.roomWaiters.notify();
    this.#context.creditWaiters.notify();
  }

  /**
   * Writes head and body to the open record, or to a new one, without publishing it.
   * @param head one byte a character (latin1)
   * @param body text is written as UTF-8
   * @param bodyLength bytes of the body as written
   * @returns false, with nothing written, if there is too little room or credit now
   */
  tryWrite(head: string, body: string | Uint8Array | null, bodyLength: number): boolean {
    const { ring, shared } = this.#context;
    const size = head.length + bodyLength;
    if (size > this.#available || size > ring.largestPayload) return false;
    if (ring.isOpen && ring.room < size) this.#publishPart(true);
    if (!ring.isOpen && !ring.open(size)) return false;
    shared.bytes.write(head, ring.address, head.length, 'latin1');
    if (bodyLength > 0 && body !== null) {
      const address = ring.address + head.length;
      if (typeof body !== 'string') copyBytes(body, shared.bytes, address);
      else writeText(shared.bytes, body, address, bodyLength);
    }
    ring.advance(size);
    this.#spend(size);
    return true;
  }

  /**
   * Writes the head and as much of the body as fits now, each piece as a record of its own. The caller sends
   * the rest, with the head if nothing fits.
   * @param head one byte a character (latin1)
   * @param body its bytes, or text of one byte a character
   * @returns bytes of the body that were written
   */
  writeBeginning(head: string, body: string | Uint8Array): number {
    const { ring } = this.#context;
    this.flush();
    let written = 0;
    while (written < body.length) {
      const prefix = written === 0 ? head : '';
      const wanted = Math.min(prefix.length + body.length - written, ring.largestPayload);
      const piece = Math.min(wanted, this.#lookAtCredit());
      if (piece < Math.min(wanted, prefix.length + SMALLEST_PIECE) || !ring.open(piece)) break;
      this.#writeText(prefix);
      const end = written + piece - prefix.length;
      if (typeof body === 'string') this.#writeText(body.slice(written, end));
      else this.#writeBytes(body.subarray(written, end));
      this.#publishPart(false);
      written = end;
    }
    return written;
  }

  /** Waits for a promise of the application, but not after the client is gone. Only one wait at a time. */
  unlessAborted<T>(promise: Promise<T>): Promise<T> {
    if (this.#aborted) return Promise.reject(new OutputAbortedError());
    return new Promise((resolve, reject) => {
      this.#onAbort = () => reject(new OutputAbortedError());
      promise.then(resolve, reject).finally(() => {
        this.#onAbort = null;
      });
    });
  }

  /** Lets the responses collected so far survive the next handler, which may be the worker's last. */
  commit(): void {
    const { ring } = this.#context;
    if (ring.isOpen && ring.used > 0) ring.commit(this.#progress);
  }

  /** Publishes the collected responses, before the turn waits. */
  flush(): void {
    if (this.#context.ring.isOpen) this.#publishPart(true);
  }

  /**
   * Writes all bytes, each piece as a record of its own. Waits for room and credit if necessary.
   * @throws OutputAbortedError
   */
  async writeAll(bytes: Uint8Array): Promise<void> {
    this.flush();
    let start = 0;
    while (start < bytes.length) {
      if (this.#aborted) throw new OutputAbortedError();
      const wanted = Math.min(bytes.length - start, this.#context.ring.largestPayload);
      const piece = Math.min(wanted, this.#lookAtCredit());
      if (piece <= 0 || (piece < SMALLEST_PIECE && piece < wanted))
        await this.#waitForCredit(Math.min(wanted, SMALLEST_PIECE));
      else if (!this.#context.ring.open(piece)) await this.#waitForRoom(piece);
      else {
        this.#writeBytes(bytes.subarray(start, start + piece));
        this.#publishPart(false);
        start += piece;
      }
    }
  }

  /**
   * Marks a response that was sent in pieces as complete. If the worker dies in the next request, main then
   * knows that the connection has no half-sent response.
   */
  async completeResponse(): Promise<void> {
    while (!this.#context.ring.open(0)) await this.#waitForRoom(0);
    this.#publishPart(true);
  }

  /**
   * Ends the turn by publishing its last record.
   * @param missing of TURN_NEED: how many bytes are missing, 0 if that is unknown
   * @returns a promise only while the ring has no room for even an empty record
   */
  end(ending: TurnEnding, missing: number): void | Promise<void> {
    const { ring } = this.#context;
    if (!ring.isOpen && !ring.open(0)) {
      return this.#waitForRoom(0).then(() => this.end(ending, missing));
    }
    ring.endTurn(this.#progress, ending, missing);
    this.#context.bell.ring();
  }

  #writeBytes(bytes: Uint8Array): void {
    const { ring, shared } = this.#context;
    copyBytes(bytes, shared.bytes, ring.address);
    ring.advance(bytes.length);
    this.#spend(bytes.length);
  }

  #writeText(text: string): void {
    const { ring, shared } = this.#context;
    ring.advance(shared.bytes.write(text, ring.address, text.length, 'latin1'));
    this.#spend(text.length);
  }

  #publishPart(isBoundary: boolean): void {
    this.#context.ring.publishPart(this.#progress, isBoundary);
    this.#context.bell.ring();
  }

  #spend(bytes: number): void {
    this.#spent = (this.#spent + bytes) | 0;
    invariant(this.#available >= 0, 'Credit: a turn publishes no more than its connection may have.');
  }

  /** Both counts wrap around, but their difference never exceeds the window. */
  get #available(): number {
    return (this.#credit - this.#spent) | 0;
  }

  #lookAtCredit(): number {
    this.#credit = this.#context.table.credit(this.#progress.connection);
    return this.#available;
  }

  /**
   * Sets the flag, checks again, and only then waits. Main extends the credit first and takes the flag
   * afterwards.
   */
  async #waitForCredit(wanted: number): Promise<void> {
    const { table, creditWaiters } = this.#context;
    table.setCreditWait(this.#progress.connection);
    if (this.#lookAtCredit() >= wanted) return;
    await creditWaiters.wait();
  }

  /** The same for room in the ring. */
  async #waitForRoom(wanted: number): Promise<void> {
    const { ring, words, roomWaiters } = this.#context;
    words.setRingWait();
    if (ring.hasRoomFor(wanted)) return;
    await roomWaiters.wait();
  }
}

/** Into shared memory, `TypedArray.set` takes a third longer, because it moves a word at a time. */
function copyBytes(source: Uint8Array, target: Buffer, address: number): void {
  if (source.length < LARGE_BYTES) target.set(source, address);
  else Buffer.prototype.copy.call(source, target, address);
}
