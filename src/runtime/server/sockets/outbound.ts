/**
 * Sends outbound bytes from the workers' rings to the sockets. Main thread. `Outbound` is what all
 * connections share, `SocketWriter` is the part of one connection.
 *
 * Bytes are copied out of the ring before its space is released. If the kernel does not take a write at once,
 * a shared view would send the bytes that lie there later. A worker that goes on sending gets credit back
 * when the socket has passed its bytes on, so the process never holds more than OUTBOUND_WINDOW_BYTES for a
 * client. What a slow client has not taken is kept in blocks (backlog.ts), and counted for all clients
 * together (outbound-ledger.ts).
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { Clock } from '../clock.ts';
import { Backlog } from './backlog.ts';
import { type ClientSocket, takenBytes } from './client-socket.ts';
import type { OutboundLedger } from './outbound-ledger.ts';

/**
 * Up to this size a payload is passed as a string, because that write needs no buffer object (0.3 µs less).
 */
const TEXT_BYTES = 4_096;
const NOTHING = Buffer.alloc(0);
const NEVER = Number.POSITIVE_INFINITY;

export interface OutboundOptions {
  /** The shared memory. */
  readonly bytes: Buffer;
  readonly table: ConnectionTable;
  readonly writeTimeoutMs: number;
  readonly clock: Clock;
  readonly ledger: OutboundLedger;
  /** Rings the worker that waits for the credit of a connection. */
  readonly onCredit: (connection: number) => void;
}

export class Outbound {
  readonly options: OutboundOptions;
  /** Bytes for clients since the start, whether or not they were taken. */
  sentBytes = 0;
  readonly #corked: SocketWriter[] = [];

  constructor(options: OutboundOptions) {
    this.options = options;
  }

  /** Several records of one drain go out in one write: until `flush`, the writer's socket is corked. */
  holdBack(writer: SocketWriter): void {
    this.#corked.push(writer);
  }

  /** After each drain: sends the records that were held back. */
  flush(): void {
    for (const writer of this.#corked) writer.uncork();
    this.#corked.length = 0;
  }
}

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
    const { bytes } = this.#outbound.options;
    const socket = this.#socket;
    this.#outbound.sentBytes += length;
    if (this.#isSlow) {
      this.#keep(bytes, address, address + length);
      this.#owe(length);
      return;
    }
    if (more && !this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      this.#outbound.holdBack(this);
    }
    if (length <= TEXT_BYTES) socket.write(bytes.toString('latin1', address, address + length), 'latin1');
    else socket.write(copyOf(bytes, address, length));
    if (socket.writableLength > 0) this.#owe(length);
    else if (more) this.#extendCredit(length);
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

function copyOf(bytes: Buffer, address: number, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  bytes.copy(copy, 0, address, address + length);
  return copy;
}
