/**
 * Bounds the simultaneous password hashes of the whole process. A hash occupies a thread of libuv's pool for
 * some 40 ms, and all workers share that small pool with zlib and the file system. The main thread calls
 * `shareHashingSlots` before it starts workers. Each worker then opens the same slots in shared memory.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/**
 * One of libuv's 4 threads stays free for others. With as many slots as processors a processor would be idle
 * from the end of a hash until JavaScript has sent the next one.
 */
export const PROCESS_SLOTS = 3;
/** After this time a slot is free again, because its holder may have died while it hashed. */
const LEASE_NS = 10_000_000_000n;
/** How long a waiter sleeps before it looks at the leases again. A release wakes it earlier. */
const LOOK_AGAIN_MS = 250;

const ENVIRONMENT_KEY = 'cloudvm.hashing-slots';
/** Word 0 counts releases, and waiters sleep on it. The leases follow, 8 bytes each. */
const LEASES_OFFSET_BYTES = 8;

/** Makes the slots that all workers started from now on share. Called by the main thread. Idempotent. */
export function shareHashingSlots(): void {
  if (getEnvironmentData(ENVIRONMENT_KEY) instanceof SharedArrayBuffer) return;
  setEnvironmentData(ENVIRONMENT_KEY, makeBuffer(PROCESS_SLOTS));
}

/**
 * Each slot is one word: 0 when free, else the time at which its holder's lease ends. It is taken and given
 * back by compare-and-swap. The end of the lease tells holders apart: a holder that comes back too late finds
 * another value and leaves it alone.
 */
export class HashingSlots {
  readonly #releases: Int32Array<SharedArrayBuffer>;
  readonly #leases: BigInt64Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer) {
    this.#releases = new Int32Array(buffer, 0, 1);
    this.#leases = new BigInt64Array(buffer, LEASES_OFFSET_BYTES);
  }

  /** The slots of the process. If none were shared, one slot for this thread alone. */
  static open(): HashingSlots {
    const shared = getEnvironmentData(ENVIRONMENT_KEY);
    return new HashingSlots(shared instanceof SharedArrayBuffer ? shared : makeBuffer(1));
  }

  /** @returns undefined when all slots are taken */
  tryAcquire(): HashingSlot | undefined {
    const now = process.hrtime.bigint();
    for (let index = 0; index < this.#leases.length; index++) {
      const seen = Atomics.load(this.#leases, index);
      if (seen > now) continue;
      const lease = now + LEASE_NS;
      if (Atomics.compareExchange(this.#leases, index, seen, lease) === seen) {
        return new HashingSlot(this.#releases, this.#leases, index, lease);
      }
    }
    return undefined;
  }

  /** @returns undefined when no slot became free in time */
  async acquire(timeoutMs: number): Promise<HashingSlot | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      // Read first: a release after this line changes the word, and the wait below returns at once.
      const releases = Atomics.load(this.#releases, 0);
      const slot = this.tryAcquire();
      if (slot !== undefined) return slot;
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      const wait = Atomics.waitAsync(this.#releases, 0, releases, Math.min(left, LOOK_AGAIN_MS));
      if (wait.async) await wait.value;
    }
  }
}

/** A taken slot. Hold it with `using`. */
export class HashingSlot implements Disposable {
  readonly #releases: Int32Array<SharedArrayBuffer>;
  readonly #leases: BigInt64Array<SharedArrayBuffer>;
  readonly #index: number;
  readonly #lease: bigint;

  constructor(
    releases: Int32Array<SharedArrayBuffer>,
    leases: BigInt64Array<SharedArrayBuffer>,
    index: number,
    lease: bigint,
  ) {
    this.#releases = releases;
    this.#leases = leases;
    this.#index = index;
    this.#lease = lease;
  }

  [Symbol.dispose](): void {
    if (Atomics.compareExchange(this.#leases, this.#index, this.#lease, 0n) !== this.#lease) return;
    Atomics.add(this.#releases, 0, 1);
    // Wakes all waiters, because a single one might belong to a worker that is ending.
    Atomics.notify(this.#releases, 0);
  }
}

function makeBuffer(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer(LEASES_OFFSET_BYTES + slots * BigInt64Array.BYTES_PER_ELEMENT);
}
