/**
 * Sends the bytes of one connection: those of workers, from their rings, and those of main. Main thread, made
 * by connections/connection.ts.
 *
 * A payload is handed to the kernel straight from the ring if it is large, or the only one of its turn. What
 * the kernel does not take at once is copied, because the space in the ring is released soon, and a view of
 * it would send the bytes that lie there later. Several small payloads of a turn go out in one write.
 */

import { Backlog } from './backlog.ts';
import { type ClientSocket, takenBytes } from './client-socket.ts';
import type { Outbound } from './outbound.ts';

/**
 * Up to this size a payload can wait for others, and is then passed as a string, because that write needs no
 * buffer object (0.3 µs less).
 */
const TEXT_BYTES = 4_096;
const NOTHING = Buffer.alloc(0);
const NEVER = Number.POSITIVE_INFINITY;

export class SocketWriter {
  readonly #outbound: Outbound;
  readonly #number: number;
  readonly #socket: ClientSocket;
  /**
   * Bytes that the kernel has not taken yet, in the socket or the backlog. Their credit is owed to the
   * worker.
   */
  #owed = 0;
  /** The same of main's own bytes, which cost no credit. */
  #own = 0;
  #backlog: Backlog | null = null;
  #isFlushing = false;
  #isCorked = false;
  /** The client has to take something before this time, in milliseconds of the clock. */
  #deadline = NEVER;
  /**
   * Bytes that the kernel had taken when the deadline was set. If it has taken more at the deadline, the
   * client is reading.
   */
  #taken = 0;

  constructor(outbound: Outbound, number: number, socket: ClientSocket) {
    this.#outbound = outbound;
    this.#number = number;
    this.#socket = socket;
  }

  get owed(): number {
    return this.#owed;
  }

  /** Whether something is on its way that the write deadline bounds. */
  get isSending(): boolean {
    return this.#owed > 0 && this.#deadline !== NEVER;
  }

  /**
   * Sends a payload of a ring.
   * @param more whether the turn goes on. If not, credit is counted afresh when the connection is given back
   */
  send(address: number, length: number, more: boolean): void {
    this.#outbound.sentBytes += length;
    if (length > TEXT_BYTES) this.#sendLarge(address, address + length, more);
    else if (this.#isSlow) this.#keepLater(address, address + length);
    else this.#sendSmall(address, address + length, more);
  }

  #sendSmall(start: number, end: number, more: boolean): void {
    const { bytes, writeAtOnce } = this.#outbound.options;
    const socket = this.#socket;
    // Nearly every turn has one record. To pass 2 KB as a string would cost 0.35 µs more, 100 bytes 0.02.
    const isAlone = !more && !this.#isCorked && socket.writableLength === 0;
    const taken = isAlone ? writeAtOnce(socket, bytes, start, end) : 0;
    if (taken === end - start) return;
    if (more && !this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      this.#outbound.holdBack(this);
    }
    socket.write(bytes.toString('latin1', start + taken, end), 'latin1');
    this.#count(end - start - taken, more);
  }

  /** The kernel copies out of the ring what it takes at once, which is all if the client is not slow. */
  #sendLarge(start: number, end: number, more: boolean): void {
    const { bytes, writeAtOnce } = this.#outbound.options;
    const socket = this.#socket;
    // What was held back comes first.
    if (this.#isCorked) this.uncork();
    const isFirst = this.#backlog === null && socket.writableLength === 0;
    const taken = isFirst ? writeAtOnce(socket, bytes, start, end) : 0;
    if (more && taken > 0) this.#extendCredit(taken);
    if (taken === end - start) return;
    if (this.#isSlow) {
      this.#keepLater(start + taken, end);
      return;
    }
    socket.write(copyOf(bytes, start + taken, end));
    this.#count(end - start - taken, more);
  }

  /** Bytes of a ring were written to the socket. */
  #count(length: number, more: boolean): void {
    if (this.#socket.writableLength > 0) this.#owe(length);
    else if (more) this.#extendCredit(length);
  }

  #keepLater(start: number, end: number): void {
    this.#keep(this.#outbound.options.bytes, start, end);
    this.#owe(end - start);
  }

  /** Sends bytes of the main thread's own. They cost no credit. */
  sendOwn(data: Buffer): void {
    this.#outbound.sentBytes += data.length;
    if (this.#isSlow) this.#keep(data, 0, data.length);
    else this.#socket.write(data);
    if (this.#isSlow || this.#socket.writableLength > 0) this.#oweOwn(data.length);
  }

  /**
   * The same for a client that has taken everything so far (`heldBytes`).
   * @param text each character is a byte
   */
  sendOwnText(text: string): void {
    this.#outbound.sentBytes += text.length;
    this.#socket.write(text, 'latin1');
    if (this.#socket.writableLength > 0) this.#oweOwn(text.length);
  }

  /** Sends FIN after everything else. @param callback is called when all is sent */
  end(callback: () => void): void {
    this.#sendBacklog();
    this.#socket.end(callback);
  }

  uncork(): void {
    this.#isCorked = false;
    this.#socket.uncork();
  }

  /** The socket has passed everything on, and no more is written to it. */
  finish(): void {
    this.#outbound.options.ledger.hold(-this.#owed - this.#own);
    this.#owed = 0;
    this.#own = 0;
    this.#backlog = null;
    this.#deadline = NEVER;
  }

  /** Bytes that wait for the client, main's own included. */
  get heldBytes(): number {
    return this.#owed + this.#own;
  }

  /** Whether the client has not taken earlier bytes, apart from those of this drain. */
  get #isSlow(): boolean {
    return this.#isFlushing || this.#backlog !== null;
  }

  #keep(source: Buffer, start: number, end: number): void {
    this.#backlog ??= new Backlog();
    this.#backlog.append(source, start, end);
  }

  #sendBacklog(): void {
    const backlog = this.#backlog;
    if (backlog === null) return;
    this.#backlog = null;
    this.#socket.cork();
    for (const block of backlog.take()) this.#socket.write(block);
    this.#socket.uncork();
  }

  /**
   * Whether the client has taken nothing for the write timeout. A slow reader lives as long as it takes
   * anything.
   */
  isStalled(now: number): boolean {
    if (this.#deadline >= now) return false;
    const taken = takenBytes(this.#socket);
    if (taken <= this.#taken) return true;
    this.#taken = taken;
    this.#deadline = now + this.#outbound.options.writeTimeoutMs;
    return false;
  }

  #oweOwn(bytes: number): void {
    this.#own += bytes;
    this.#outbound.options.ledger.hold(bytes);
    this.#owe(0);
  }

  #extendCredit(bytes: number): void {
    const { table, onCredit } = this.#outbound.options;
    table.extendCredit(this.#number, bytes);
    if (table.takeCreditWait(this.#number)) onCredit(this.#number);
  }

  #owe(bytes: number): void {
    this.#owed += bytes;
    if (bytes > 0) this.#outbound.options.ledger.hold(bytes);
    this.#watch();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const owed = this.#owed;
    const own = this.#own;
    // An empty write calls back when all writes before it were taken. So only slow clients cost a callback.
    this.#socket.write(NOTHING, (error) => {
      this.#isFlushing = false;
      if (error !== null && error !== undefined) return;
      // The kernel may have taken later writes together with it. Then no credit is owed any more.
      const hasTakenAll = this.#socket.writableLength === 0 && this.#backlog === null;
      if (hasTakenAll) this.#paid(this.#owed, this.#own);
      else this.#paid(owed, own);
    });
  }

  #paid(bytes: number, own: number): void {
    if (this.#socket.destroyed) return;
    this.#outbound.options.ledger.hold(-bytes - own);
    this.#owed -= bytes;
    this.#own -= own;
    this.#extendCredit(bytes);
    this.#deadline = NEVER;
    this.#sendBacklog();
    if (this.#socket.writableLength === 0) {
      if (this.heldBytes > 0) this.#paid(this.#owed, this.#own);
      return;
    }
    // After end() even an empty write is an error, and the error would cut off the bytes that are still to be
    // sent.
    if (this.#socket.writableEnded) this.#watch();
    else this.#owe(0);
  }

  /** From now on the client has to take something within the write timeout. */
  #watch(): void {
    if (this.#deadline !== NEVER) return;
    const { clock, writeTimeoutMs } = this.#outbound.options;
    this.#deadline = clock.now() + writeTimeoutMs;
    this.#taken = takenBytes(this.#socket);
  }
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
