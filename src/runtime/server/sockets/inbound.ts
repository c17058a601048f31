/**
 * Copies inbound bytes from the scratch buffer that sockets read into, to the connection's buffer in shared
 * memory. The rest of a large body is read into that buffer directly. Main thread. `Inbound` is what all
 * connections share, `InboundBuffer` is the part of one connection.
 *
 * Invariant (buffers rest): a buffer is moved, grown or freed only while its connection is neither READY nor
 * RUNNING. While the connection is handed out, bytes are only appended within the capacity. Bytes that do not
 * fit wait in an overflow of at most one read, a second buffer of the same memory, and reading stops. So a
 * worker's pointer stays valid for its whole turn.
 *
 * The same holds for the part that a socket reads into. Only a buffer that waits for bytes of a known number
 * has one, and it ends with the last of them. A buffer that is released meanwhile is freed when the socket
 * has let it go.
 */

import { invariant } from '../../../platform/invariant.ts';
import { beginsWithHead } from '../../http/response/head-method.ts';
import { BuddyAllocator } from '../../memory/allocator.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { openInboundBuffers } from '../../memory/open.ts';
import type { ClientSocket } from './client-socket.ts';
import { InboundMemory } from './inbound-memory.ts';

/**
 * A pipelining client with more unanswered bytes is not read from, because its earlier requests come first.
 */
const READ_AHEAD_BYTES = 65_536;

/**
 * Size of the one buffer that all sockets read into. A request of 64 KB fits in with its head, so it comes in
 * one read and takes one turn.
 */
const SCRATCH_BYTES = 131_072;

/** If fewer are missing, copying them costs less than a view. */
const LEAST_DIRECT_BYTES = 16_384;

/** A client that has sent so many bytes gets room for this many times as many, if it has announced them. */
const LEAST_EARNEST_BYTES = 16_384;
const MOST_IN_ADVANCE = 32;

/** The last line of a head, and the empty line. */
const HEAD_END = '\n\r\n';
const CR = 13;
const LF = 10;

export class Inbound {
  readonly bytes: Buffer;
  readonly scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly table: ConnectionTable;
  readonly memory: InboundMemory;

  constructor(shared: SharedMemory, table: ConnectionTable) {
    this.bytes = shared.bytes;
    this.table = table;
    this.memory = new InboundMemory(openInboundBuffers(shared), shared.layout.inboundBytes);
  }

  get allocatedBytes(): number {
    return this.memory.allocatedBytes;
  }
}

interface Block {
  readonly address: number;
  readonly size: number;
}

/** Bytes for which the buffer had no room while a worker owned it. */
interface Overflow extends Block {
  readonly length: number;
}

export class InboundBuffer {
  readonly #inbound: Inbound;
  readonly #number: number;
  readonly #socket: ClientSocket;
  /** The address of the client. */
  readonly #client: string;
  #address = 0;
  /** 0 if there is no buffer. */
  #capacity = 0;
  /** Bytes in the buffer. */
  #length = 0;
  /** Bytes at the start whose requests are answered by the records drained so far. */
  #consumed = 0;
  /** The length that the next turn waits for. */
  #needed = 0;
  /** Reading stops while there is one. */
  #overflow: Overflow | null = null;
  /** The part of the buffer that the socket reads into, null while it reads into the scratch buffer. */
  #target: Buffer | null = null;
  /** The buffer with the target, if it was released meanwhile. */
  #released: Block | null = null;
  /** There was no memory for the overflow, so bytes are missing. */
  #isBroken = false;
  #isPaused = false;

  constructor(inbound: Inbound, number: number, socket: ClientSocket) {
    this.#inbound = inbound;
    this.#number = number;
    this.#socket = socket;
    this.#client = socket.remoteAddress ?? '';
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Bytes at the start of the buffer whose requests are answered. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Whether all bytes are there that the next turn waits for. */
  get isEnough(): boolean {
    return this.#length >= this.#needed;
  }

  /** Whether there are bytes, here or in the overflow, beyond those that a worker has seen. */
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
   * Called after each read of the socket.
   * @returns where it reads from now on, undefined if that does not change
   */
  nextTarget(): Buffer | undefined {
    const start = this.#length;
    const end = Math.min(this.#needed, this.#capacity);
    if (end - start >= LEAST_DIRECT_BYTES) {
      this.#target = this.#inbound.bytes.subarray(this.#address + start, this.#address + end);
      return this.#target;
    }
    if (this.#target === null) return undefined;
    this.#letGo();
    return this.#inbound.scratch;
  }

  /**
   * Takes bytes from the start of `source`.
   * @returns false when the inbound memory is exhausted
   */
  append(source: Buffer, count: number, isHandedOut: boolean): boolean {
    if (source === this.#target) {
      invariant(
        !isHandedOut,
        'Buffers rest: no socket reads into the buffer of a connection that is handed out.',
      );
      this.#length += count;
      this.#inbound.table.setContent(this.#number, this.#length, this.#consumed);
      return true;
    }
    const needed = this.#length + count;
    if (this.#isBroken) return true;
    if (this.#overflow !== null || (isHandedOut && needed > this.#capacity)) {
      this.#addToOverflow(source, count);
      return true;
    }
    if (needed > this.#capacity && !this.#makeRoom(0, needed)) return false;
    source.copy(this.#inbound.bytes, this.#address + this.#length, 0, count);
    this.#length += count;
    const { table } = this.#inbound;
    if (isHandedOut) table.setLength(this.#number, this.#length);
    else table.setContent(this.#number, this.#length, this.#consumed);
    return true;
  }

  /**
   * The owner has given the connection back. Drops the answered bytes, makes room for the missing ones, takes
   * in the overflow and reads on.
   * @param needed bytes after `consumed` that the next turn waits for, 0 if that is unknown
   * @returns false when the inbound memory is exhausted
   */
  settle(needed: number): boolean {
    if (this.#isBroken) return false;
    this.#needed = needed;
    const overflow = this.#overflow;
    const present = this.unanswered;
    if (present === 0) {
      this.release();
      this.readOn();
      return true;
    }
    if (!this.#makeRoom(this.#consumed, present)) return false;
    if (overflow !== null) {
      this.#overflow = null;
      const { address, size, length } = overflow;
      this.append(this.#inbound.bytes.subarray(address, address + length), length, false);
      this.#inbound.memory.free(address, size, this.#client);
    }
    if (!this.isEnough || this.#length <= READ_AHEAD_BYTES) this.readOn();
    return true;
  }

  /**
   * Whether a part of a request is there. Empty lines, which some clients send after a body, are not a part
   * of a request (RFC 9112, section 2.2). Such a client waits for nothing.
   */
  isReceiving(): boolean {
    const end = this.#address + this.#length;
    for (let position = this.#address + this.#consumed; position < end; position++) {
      const byte = this.#inbound.bytes[position];
      if (byte !== CR && byte !== LF) return true;
    }
    return false;
  }

  /** Bytes whose requests are not answered, here or in the overflow. */
  get unanswered(): number {
    return this.#length - this.#consumed + (this.#overflow?.length ?? 0);
  }

  /** The bytes from the first unanswered request on, as they lie in the buffer now. */
  pending(): Buffer {
    return this.#inbound.bytes.subarray(this.#address + this.#consumed, this.#address + this.#length);
  }

  /** The first unanswered request up to the end of its head, or null if that has not come. */
  head(): Buffer | null {
    const bytes = this.pending();
    const end = bytes.indexOf(HEAD_END, 0, 'latin1');
    return end < 0 ? null : bytes.subarray(0, end + HEAD_END.length);
  }

  /** Whether the request that is being received is a HEAD request. */
  holdsHead(): boolean {
    return beginsWithHead(this.#inbound.bytes, this.#address + this.#consumed, this.#address + this.#length);
  }

  /** Bytes are missing, because there was no memory for them. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Takes the bytes out for which the buffer had no room. They follow those in the buffer. */
  takeOverflow(): Uint8Array<ArrayBuffer> | null {
    const overflow = this.#overflow;
    if (overflow === null) return null;
    const { bytes, memory } = this.#inbound;
    const { address, size, length } = overflow;
    const taken = new Uint8Array(bytes.subarray(address, address + length));
    this.#overflow = null;
    memory.free(address, size, this.#client);
    return taken;
  }

  /** Reads nothing more for now. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** Reads on after a pause, for the bytes that the last turn asked for or for the client's end. */
  readOn(): void {
    if (!this.#isPaused || this.#socket.destroyed) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Gives the buffer back, because it is empty or the connection has ended. */
  release(): void {
    const { memory, table } = this.#inbound;
    if (this.#capacity > 0) {
      if (this.#target === null) memory.free(this.#address, this.#capacity, this.#client);
      else this.#released = { address: this.#address, size: this.#capacity };
    }
    if (this.#overflow !== null) memory.free(this.#overflow.address, this.#overflow.size, this.#client);
    if (this.#socket.destroyed) this.#letGo();
    this.#capacity = 0;
    this.#length = 0;
    this.#consumed = 0;
    this.#needed = 0;
    this.#overflow = null;
    table.setContent(this.#number, 0, 0);
  }

  /** The socket reads into the buffer no more. */
  #letGo(): void {
    this.#target = null;
    if (this.#released === null) return;
    const { address, size } = this.#released;
    this.#inbound.memory.free(address, size, this.#client);
    this.#released = null;
  }

  #addToOverflow(source: Buffer, count: number): void {
    const { bytes, memory } = this.#inbound;
    this.pause();
    const earlier = this.#overflow;
    const length = (earlier?.length ?? 0) + count;
    const size = BuddyAllocator.sizeFor(length);
    const address = memory.allocate(size, this.#client);
    if (address < 0) {
      // The request is refused when the worker gives the connection back.
      this.#isBroken = true;
      return;
    }
    if (earlier !== null) {
      bytes.copyWithin(address, earlier.address, earlier.address + earlier.length);
      memory.free(earlier.address, earlier.size, this.#client);
    }
    source.copy(bytes, address + length - count, 0, count);
    this.#overflow = { address, size, length };
  }

  /**
   * Moves the bytes from `consumed` on to a buffer that holds `wanted` bytes. If there is memory in plenty,
   * it holds also those that the next turn waits for. So a body that is known to be large moves once.
   */
  #makeRoom(consumed: number, wanted: number): boolean {
    if (wanted > LEAST_EARNEST_BYTES) {
      const inAdvance = Math.min(this.#needed, wanted * MOST_IN_ADVANCE);
      const { memory } = this.#inbound;
      const isPossible = inAdvance > wanted && memory.hasPlenty(BuddyAllocator.sizeFor(inAdvance));
      if (isPossible && this.#move(consumed, inAdvance)) return true;
    }
    return this.#move(consumed, wanted);
  }

  /** Moves the bytes from `consumed` on to the start of a buffer that holds `wanted` bytes. */
  #move(consumed: number, wanted: number): boolean {
    invariant(this.#target === null, 'Buffers rest: no socket reads into a buffer that moves.');
    const { bytes, memory, table } = this.#inbound;
    const kept = this.#length - consumed;
    const from = this.#address + consumed;
    if (wanted > this.#capacity) {
      const size = BuddyAllocator.sizeFor(wanted);
      const address = memory.allocate(size, this.#client);
      if (address < 0) return false;
      bytes.copyWithin(address, from, from + kept);
      if (this.#capacity > 0) memory.free(this.#address, this.#capacity, this.#client);
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
