/**
 * The memory for requests, INBOUND_MEMORY_MB in all, and who may take how much of it. Main thread, used by
 * inbound.ts.
 *
 *  - A share is reserved for small buffers. Whoever fills the memory with large requests keeps nobody from
 *    sending a small one.
 *  - One address may hold at most half of it in large buffers, beyond its first. So the large requests of
 *    others have room too. Clients behind a proxy have one address.
 *  - Room for bytes that are only announced is given from the first half alone.
 *
 * Plain requests need the smallest buffer. Nothing is looked up for them.
 */

import type { BuddyAllocator } from '../../memory/allocator.ts';

/** Up to this size a buffer is small. */
const SMALL_BYTES = 16_384;
const RESERVED_SHARE = 1 / 8;
const SHARE_OF_ONE_ADDRESS = 1 / 2;
const SHARE_IN_ADVANCE = 1 / 2;

export class InboundMemory {
  readonly #allocator: BuddyAllocator;
  readonly #bytes: number;
  /** Bytes in large buffers, by the address of the client. */
  readonly #large = new Map<string, number>();

  /** @param bytes that the allocator manages */
  constructor(allocator: BuddyAllocator, bytes: number) {
    this.#allocator = allocator;
    this.#bytes = bytes;
  }

  get allocatedBytes(): number {
    return this.#allocator.allocatedBytes;
  }

  /** Whether a buffer of that size may be given for bytes that have not come. */
  hasPlenty(size: number): boolean {
    return this.#allocator.allocatedBytes + size <= this.#bytes * SHARE_IN_ADVANCE;
  }

  /**
   * @param size a value of `BuddyAllocator.sizeFor`
   * @param client its address
   * @returns the address of a buffer, or -1 if there is no room for this client
   */
  allocate(size: number, client: string): number {
    if (size <= SMALL_BYTES) return this.#allocator.allocate(size);
    const held = this.#large.get(client) ?? 0;
    const isReserved = this.#allocator.allocatedBytes + size > this.#bytes * (1 - RESERVED_SHARE);
    const isTooMuch = held > 0 && held + size > this.#bytes * SHARE_OF_ONE_ADDRESS;
    if (isReserved || isTooMuch) return -1;
    const address = this.#allocator.allocate(size);
    if (address >= 0) this.#large.set(client, held + size);
    return address;
  }

  free(address: number, size: number, client: string): void {
    this.#allocator.free(address, size);
    if (size <= SMALL_BYTES) return;
    const held = (this.#large.get(client) ?? 0) - size;
    if (held > 0) this.#large.set(client, held);
    else this.#large.delete(client);
  }
}
