/**
 * Bytes on their way in: from the scratch buffer that sockets read into, to the connection's buffer in shared
 * memory. Main thread only.
 *
 * Invariant: a buffer is moved, grown or freed only while its connection is not handed out (neither READY nor
 * RUNNING). While it is, bytes are appended within the capacity; bytes without room wait in a private overflow of
 * at most one read, and reading stops. So a worker's pointer stays valid for its whole turn.
 */

import { beginsWithHead } from '../../http/response/head-method.ts';
import { BuddyAllocator } from '../../memory/allocator.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import type { Connection } from './connection.ts';

/** Unread bytes beyond which a pipelining client is not read from: its earlier requests come first. */
const READ_AHEAD_BYTES = 65_536;

const CR = 13;
const LF = 10;

export class Inbound {
  readonly #bytes: Buffer;
  readonly #table: ConnectionTable;
  readonly #allocator: BuddyAllocator;

  constructor(shared: SharedMemory, table: ConnectionTable) {
    this.#bytes = shared.bytes;
    this.#table = table;
    this.#allocator = new BuddyAllocator(shared.layout.inboundAddress, shared.layout.inboundBytes);
  }

  get allocatedBytes(): number {
    return this.#allocator.allocatedBytes;
  }

  /**
   * Takes bytes from the start of `source`.
   * @returns false when the inbound memory is exhausted
   */
  append(connection: Connection, source: Buffer, count: number): boolean {
    const needed = connection.length + count;
    if (connection.overflow !== null || (connection.handedOut && needed > connection.capacity)) {
      this.#overflow(connection, source, count);
      return true;
    }
    if (needed > connection.capacity && !this.#grow(connection, needed)) return false;
    this.#copy(connection, source, count);
    return true;
  }

  /**
   * The owner has given the connection back: drops what was answered, makes room for what is missing, takes in the
   * overflow and reads on.
   * @param needed bytes from `consumed` on that the next request is known to take, 0 where that is unknown
   * @returns false when the inbound memory is exhausted
   */
  settle(connection: Connection, consumed: number, needed: number): boolean {
    const kept = connection.length - consumed;
    const { overflow } = connection;
    const present = kept + (overflow?.length ?? 0);
    if (present === 0) {
      this.release(connection);
      this.#resume(connection);
      return true;
    }
    if (!this.#move(connection, consumed, present)) return false;
    if (overflow !== null) {
      connection.overflow = null;
      this.#copy(connection, overflow, overflow.length);
    }
    if (connection.length < needed || connection.length <= READ_AHEAD_BYTES) this.#resume(connection);
    return true;
  }

  /**
   * Whether a part of a request is there. Empty lines, which some clients send after a body, are none
   * (RFC 9112, section 2.2): such a client waits for nothing.
   */
  isReceiving({ address, consumed, length }: Connection): boolean {
    for (let position = address + consumed; position < address + length; position++) {
      const byte = this.#bytes[position];
      if (byte !== CR && byte !== LF) return true;
    }
    return false;
  }

  /** Whether the request that is being received is a HEAD request. */
  holdsHead(connection: Connection): boolean {
    const { address, consumed, length } = connection;
    return beginsWithHead(this.#bytes, address + consumed, address + length);
  }

  /** Reads on after a pause: what the last turn asked for is still to come, or the client's end is waited for. */
  readOn(connection: Connection): void {
    this.#resume(connection);
  }

  /** Gives the buffer back: nothing is left in it, or the connection has ended. */
  release(connection: Connection): void {
    if (connection.capacity > 0) this.#allocator.free(connection.address, connection.capacity);
    connection.capacity = 0;
    connection.length = 0;
    connection.consumed = 0;
    connection.overflow = null;
    this.#table.setContent(connection.number, 0, 0);
  }

  #overflow(connection: Connection, source: Buffer, count: number): void {
    const bytes = Buffer.from(source.subarray(0, count));
    connection.overflow = connection.overflow === null ? bytes : Buffer.concat([connection.overflow, bytes]);
    connection.readingPaused = true;
    connection.socket.pause();
  }

  #resume(connection: Connection): void {
    if (!connection.readingPaused || connection.closed) return;
    connection.readingPaused = false;
    connection.socket.resume();
  }

  #copy(connection: Connection, source: Buffer, count: number): void {
    source.copy(this.#bytes, connection.address + connection.length, 0, count);
    connection.length += count;
    if (connection.handedOut) this.#table.setLength(connection.number, connection.length);
    else this.#table.setContent(connection.number, connection.length, connection.consumed);
  }

  #grow(connection: Connection, wanted: number): boolean {
    return this.#move(connection, 0, wanted);
  }

  /** Moves the bytes from `consumed` on to the start of a buffer that holds `wanted` bytes. */
  #move(connection: Connection, consumed: number, wanted: number): boolean {
    const kept = connection.length - consumed;
    const from = connection.address + consumed;
    if (wanted > connection.capacity) {
      const size = BuddyAllocator.sizeFor(wanted);
      const address = this.#allocator.allocate(size);
      if (address < 0) return false;
      this.#bytes.copyWithin(address, from, from + kept);
      if (connection.capacity > 0) this.#allocator.free(connection.address, connection.capacity);
      connection.address = address;
      connection.capacity = size;
      this.#table.setBuffer(connection.number, address);
    } else if (consumed > 0) {
      this.#bytes.copyWithin(connection.address, from, from + kept);
    }
    connection.length = kept;
    connection.consumed = 0;
    this.#table.setContent(connection.number, kept, 0);
    return true;
  }
}
