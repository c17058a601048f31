/**
 * How a turn gets its bytes out: into the worker's ring within the connection's credit, at once where there is room,
 * else piece by piece as main makes room. Main rings after it drained the ring or extended credit; whoever waits then
 * looks again.
 */

import type { TurnEnding } from '../../memory/protocol.ts';
import type { TurnProgress } from '../../memory/workers/outbound-ring-writer.ts';
import type { WorkerContext } from '../context.ts';
import { OutputAbortedError } from './abort-errors.ts';

/** A piece smaller than this is not worth a record of its own while more is to be sent. */
const SMALLEST_PIECE = 4_096;

/** Whoever waits for room or credit. One list for all: waits are rare, and each wake-up looks again. */
export class OutputWaiters {
  #waiting: (() => void)[] = [];

  /** Some turn could not write to the ring: until it can, the worker takes no further requests. */
  get any(): boolean {
    return this.#waiting.length > 0;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets everybody look again. */
  notify(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The outbound side of one connection during one turn. It keeps how far the turn has come, for its records. */
export class Output implements TurnProgress {
  readonly connection: number;
  readonly generation: number;
  /** Bytes of the inbound buffer whose requests are answered. The turn moves it on after each response. */
  consumed: number;
  /** Bytes of the inbound buffer that the turn has looked at. */
  seen = 0;
  readonly #context: WorkerContext;
  readonly #ringWaiters: OutputWaiters;
  readonly #creditWaiters: OutputWaiters;
  /** As last looked at; see connection-table.ts. */
  #credit: number;
  /** Bytes written to records in this turn. */
  #spent = 0;
  #aborted = false;
  #onAbort: (() => void) | null = null;

  constructor(
    context: WorkerContext,
    ringWaiters: OutputWaiters,
    creditWaiters: OutputWaiters,
    connection: number,
    generation: number,
  ) {
    this.#context = context;
    this.#ringWaiters = ringWaiters;
    this.#creditWaiters = creditWaiters;
    this.connection = connection;
    this.generation = generation;
    this.consumed = context.table.consumed(connection);
    this.#credit = context.table.credit(connection);
  }

  /** Ends every present and future wait with an OutputAbortedError. */
  abort(): void {
    this.#aborted = true;
    this.#onAbort?.();
    this.#ringWaiters.notify();
    this.#creditWaiters.notify();
  }

  /**
   * Writes head and body to the open record, or to a new one, without publishing it.
   * @param head one byte a character (latin1)
   * @param body text is written as UTF-8
   * @param bodyLength bytes of the body as written
   * @returns false, with nothing written, when room or credit are too small now
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
      if (typeof body !== 'string') shared.bytes.set(body, address);
      // As many bytes as characters: it is ASCII, which latin1 writes quicker.
      else shared.bytes.write(body, address, bodyLength, bodyLength === body.length ? 'latin1' : 'utf8');
    }
    ring.advance(size);
    this.#spend(size);
    return true;
  }

  /** Waits for a promise of the application's, but no longer than the client does. One at a time. */
  unlessAborted<T>(promise: Promise<T>): Promise<T> {
    if (this.#aborted) return Promise.reject(new OutputAbortedError());
    return new Promise((resolve, reject) => {
      this.#onAbort = () => reject(new OutputAbortedError());
      promise.then(resolve, reject).finally(() => {
        this.#onAbort = null;
      });
    });
  }

  /** Before a handler runs, which may be the worker's last: what is collected so far survives it. */
  commit(): void {
    const { ring } = this.#context;
    if (ring.isOpen && ring.used > 0) ring.commit(this);
  }

  /** Publishes what was collected: the turn is about to wait. */
  flush(): void {
    if (this.#context.ring.isOpen) this.#publishPart(true);
  }

  /** Writes all bytes, each piece as a record of its own. Waits for room and credit where necessary. */
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
        this.#writePiece(bytes.subarray(start, start + piece));
        start += piece;
      }
    }
  }

  /**
   * Says that a response which was sent in pieces is complete: should the worker die in the next one, the connection
   * is not taken for one with half a response on it.
   */
  async completeResponse(): Promise<void> {
    while (!this.#context.ring.open(0)) await this.#waitForRoom(0);
    this.#publishPart(true);
  }

  /** Ends the turn: publishes the last record. Waits only while the ring has no room for even an empty one. */
  end(ending: TurnEnding, missing: number): void | Promise<void> {
    const { ring } = this.#context;
    if (!ring.isOpen && !ring.open(0)) {
      return this.#waitForRoom(0).then(() => this.end(ending, missing));
    }
    ring.endTurn(this, ending, missing);
    this.#context.ringMain();
  }

  #writePiece(piece: Uint8Array): void {
    const { ring, shared } = this.#context;
    shared.bytes.set(piece, ring.address);
    ring.advance(piece.length);
    this.#spend(piece.length);
    this.#publishPart(false);
  }

  #publishPart(isBoundary: boolean): void {
    this.#context.ring.publishPart(this, isBoundary);
    this.#context.ringMain();
  }

  #spend(bytes: number): void {
    this.#spent = (this.#spent + bytes) | 0;
  }

  /** Both counts wrap around; their difference is never more than the window. */
  get #available(): number {
    return (this.#credit - this.#spent) | 0;
  }

  #lookAtCredit(): number {
    this.#credit = this.#context.table.credit(this.connection);
    return this.#available;
  }

  /** Sets the flag, looks again, and only then waits: main extends the credit first and takes the flag after. */
  async #waitForCredit(wanted: number): Promise<void> {
    const { table } = this.#context;
    table.setCreditWait(this.connection);
    if (this.#lookAtCredit() >= wanted) return;
    await this.#creditWaiters.wait();
  }

  /** The same for room in the ring. */
  async #waitForRoom(wanted: number): Promise<void> {
    const { ring, words } = this.#context;
    words.setRingWait();
    if (ring.hasRoomFor(wanted)) return;
    await this.#ringWaiters.wait();
  }
}
