/** The allocator with its rules checked, so that a buffer freed twice never gets two clients. Main only. */

import { invariant } from '../../../platform/invariant.ts';
import { BuddyAllocator } from '../allocator.ts';

export class CheckedBuddyAllocator extends BuddyAllocator {
  /** Sizes of the buffers that are handed out, by their addresses. */
  readonly #handedOut = new Map<number, number>();

  override allocate(size: number): number {
    invariant(BuddyAllocator.sizeFor(size) === size, 'A buffer has one of the sizes that sizeFor gives.');
    const address = super.allocate(size);
    if (address < 0) return address;
    invariant(!this.#handedOut.has(address), 'A buffer that is handed out belongs to nobody else.');
    this.#handedOut.set(address, size);
    return address;
  }

  override free(address: number, size: number): void {
    const isOwn = this.#handedOut.get(address) === size;
    invariant(isOwn, 'A buffer is freed once, with its own address and size.');
    this.#handedOut.delete(address);
    super.free(address, size);
  }
}
