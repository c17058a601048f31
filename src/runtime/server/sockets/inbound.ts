/**
 * Bytes on their way in: from the scratch buffer that sockets read into, to the connection's buffer in shared
 * memory. Main thread. `Inbound` is what all connections share, `InboundBuffer` is the part of one
 * connection.
 *
 * Invariant (buffers rest): a buffer is moved, grown or freed only while its connection is not handed out, so
 * neither READY nor RUNNING. While it is handed out, bytes are appended within the capacity. Bytes without
 * room wait in a private overflow of at most one read, and reading stops. So a worker's pointer stays valid
 * for its whole turn.
 */

import { invariant } from '../../../platform/invariant.ts';
import { beginsWithHead } from '../../http/response/head-method.ts';
import { BuddyAllocator } from '../../memory/allocator.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { openInboundBuffers } from '../../memory/open.ts';
import type { ClientSocket } from './client-socket.ts';

/** Unread bytes beyond which a pipelining client is not read from: its earlier requests come first. */
const READ_AHEAD_BYTES = 65_536;

const CR = 13;
const LF = 10;

export class Inbound {
  readonly bytes: Buffer;
  readonly table: ConnectionTable;
  readonly allocator: BuddyAllocator;

  constructor(shared: SharedMemory, table: ConnectionTable) {
    this.bytes = shared.bytes;
    this.table = table;
    this.allocator = openInboundBuffers(shared);
  }

  get allocatedBytes(): number {
    return this.allocator.allocatedBytes;
  }
}

export class InboundBuffer {
  readonly #inbound: Inbound;
  readonly #number: number;
  readonly #socket: ClientSocket;
  #address = 0;
  /** 0: there is no buffer. */
  #capacity = 0;
  /** Bytes in the buffer. */
  #length = 0;
  /** Those of them whose requests are answered, by the records drained so far. */
  #consumed = 0;
  /** The length that the next turn waits for. */
  #needed = 0;
  /** Bytes for which the buffer had no room while a worker owned it. Reading stops then. */
  #overflow: Buffer | null = null;
  #isPaused = false;

  constructor(inbound: Inbound, number: number, socket: ClientSocket) {
    this.#inbound = inbound;
    this.#number = number;
    this.#socket = socket;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Bytes at the start of the buffer whose requests are answered. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Whether all is there that the next turn waits for. */
  get isEnough(): boolean {
    return this.#length >= this.#needed;
  }

  /** Whether bytes are there, or in the overflow, that a worker which saw that many has not seen. */
  hasMoreThan(seen: number): boolean {
    return this.#length + (this.#overflow?.length ?? 0) > seen;
  }

  /** The requests in the first `consumed` bytes are answered. */
  markAnswered(consumed: number): void {
    invariant(
      consumed >= this.#consumed && consumed <= this.#length,
      'Requests are answered in order, and none before it is there.',
    );
    this.#consumed = consumed;
  }

  /**
   * Takes bytes from the start of `source`.
   * @returns false when the inbound memory is exhausted
   */
  append(source: Buffer, count: number, isHandedOut: boolean): boolean {
    const needed = this.#length + count;
    if (this.#overflow !== null || (isHandedOut && needed > this.#capacity)) {
      this.#addToOverflow(source, count);
      return true;
    }
    if (needed > this.#capacity && !this.#move(0, needed)) return false;
    source.copy(this.#inbound.bytes, this.#address + this.#length, 0, count);
    this.#length += count;
    const { table } = this.#inbound;
    if (isHandedOut) table.setLength(this.#number, this.#length);
    else table.setContent(this.#number, this.#length, this.#consumed);
    return true;
  }

  /**
   * The owner has given the connection back: drops what was answered, makes room for what is missing, takes
   * in the overflow and reads on.
   * @param needed bytes after `consumed` that the next turn waits for, 0 where that is unknown
   * @returns false when the inbound memory is exhausted
   */
  settle(needed: number): boolean {
    this.#needed = needed;
    const overflow = this.#overflow;
    const present = this.#length - this.#consumed + (overflow?.length ?? 0);
    if (present === 0) {
      this.release();
      this.readOn();
      return true;
    }
    if (!this.#move(this.#consumed, present)) return false;
    if (overflow !== null) {
      this.#overflow = null;
      this.append(overflow, overflow.length, false);
    }
    if (!this.isEnough || this.#length <= READ_AHEAD_BYTES) this.readOn();
    return true;
  }

  /**
   * Whether a part of a request is there. Empty lines, which some clients send after a body, are none
   * (RFC 9112, section 2.2): such a client waits for nothing.
   */
  isReceiving(): boolean {
    const end = this.#address + this.#length;
    for (let position = this.#address + this.#consumed; position < end; position++) {
      const byte = this.#inbound.bytes[position];
      if (byte !== CR && byte !== LF) return true;
    }
    return false;
  }

  /** Whether the request that is being received is a HEAD request. */
  holdsHead(): boolean {
    return beginsWithHead(this.#inbound.bytes, this.#address + this.#consumed, this.#address + this.#length);
  }

  /**
   * Reads on after a pause: what the last turn asked for is still to come, or the client's end is waited for.
   */
  readOn(): void {
    if (!this.#isPaused || this.#socket.destroyed) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Gives the buffer back: nothing is left in it, or the connection has ended. */
  release(): void {
    const { allocator, table } = this.#inbound;
    if (this.#capacity > 0) allocator.free(this.#address, this.#capacity);
    this.#capacity = 0;
    this.#length = 0;
    this.#consumed = 0;
    this.#overflow = null;
    table.setContent(this.#number, 0, 0);
  }

  #addToOverflow(source: Buffer, count: number): void {
    const bytes = Buffer.from(source.subarray(0, count));
    this.#overflow = this.#overflow === null ? bytes : Buffer.concat([this.#overflow, bytes]);
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** Moves the bytes from `consumed` on to the start of a buffer that holds `wanted` bytes. */
  #move(consumed: number, wanted: number): boolean {
    const { bytes, allocator, table } = this.#inbound;
    const kept = this.#length - consumed;
    const from = this.#address + consumed;
    if (wanted > this.#capacity) {
      const size = BuddyAllocator.sizeFor(wanted);
      const address = allocator.allocate(size);
      if (address < 0) return false;
      bytes.copyWithin(address, from, from + kept);
      if (this.#capacity > 0) allocator.free(this.#address, this.#capacity);
      this.#address = address;
      this.#capacity = size;
      table.setBuffer(this.#number, address);
    } else if (consumed > 0) {
      bytes.copyWithin(this.#address, from, from + kept);
    }
    this.#length = kept;
    this.#consumed = 0;
    table.setContent(this.#number, kept, 0);
    return true;
  }
}
