/**
 * Bounds the simultaneous password hashes of the whole process. A hash occupies a thread of libuv's pool for
 * some 40 ms, and all workers share that small pool with zlib and the file system.
 *
 * Each slot is one word: 0 when free, else the time at which its holder's lease ends. It is taken and given
 * back by compare-and-swap. The end of the lease tells holders apart: a holder that comes back too late finds
 * another value and leaves it alone.
 */
import type { HashingMemory } from './hashing-memory.ts';

/** After this time a slot is free again, because its holder may have died while it hashed. */
const LEASE_NS = 10_000_000_000n;

export class HashingSlots {
  readonly #leases: BigInt64Array<SharedArrayBuffer>;

  constructor({ leases }: HashingMemory) {
    this.#leases = leases;
  }

  get count(): number {
    return this.#leases.length;
  }

  get hasFree(): boolean {
    const now = process.hrtime.bigint();
    for (let index = 0; index < this.#leases.length; index++) {
      if (Atomics.load(this.#leases, index) <= now) return true;
    }
    return false;
  }

  /**
   * @param onRelease called with the time for which it was held
   * @returns undefined when all slots are taken
   */
  tryAcquire(onRelease: (heldNs: bigint) => void): HashingSlot | undefined {
    const now = process.hrtime.bigint();
    for (let index = 0; index < this.#leases.length; index++) {
      const seen = Atomics.load(this.#leases, index);
      if (seen > now) continue;
      const lease = now + LEASE_NS;
      if (Atomics.compareExchange(this.#leases, index, seen, lease) === seen) {
        return new HashingSlot(this.#leases, index, lease, onRelease);
      }
    }
    return undefined;
  }
}

/** A taken slot. Hold it with `using`. */
export class HashingSlot implements Disposable {
  readonly #leases: BigInt64Array<SharedArrayBuffer>;
  readonly #index: number;
  readonly #lease: bigint;
  readonly #onRelease: (heldNs: bigint) => void;

  constructor(
    leases: BigInt64Array<SharedArrayBuffer>,
    index: number,
    lease: bigint,
    onRelease: (heldNs: bigint) => void,
  ) {
    this.#leases = leases;
    this.#index = index;
    this.#lease = lease;
    this.#onRelease = onRelease;
  }

  [Symbol.dispose](): void {
    if (Atomics.compareExchange(this.#leases, this.#index, this.#lease, 0n) !== this.#lease) return;
    this.#onRelease(process.hrtime.bigint() - (this.#lease - LEASE_NS));
  }
}
