/**
 * How many VMs a user may have (MAX_VMS_PER_USER). Used by VmServices around each creation.
 *
 * Far from the limit a creation costs no query: each worker counts the VMs of a user from time to time, and
 * adds what it has created since. Near the limit it counts before the creation, and again after it. Whoever
 * finds too many then takes its own VM back. So of simultaneous creations, in whichever workers and
 * processes, none stays beyond the limit. Those at the very end may all be taken back.
 *
 * A count is believed for as long as it takes to come near at 10,000 creations a second, but at least for a
 * second. So only who creates more than NEAR VMs within one second, by other workers than the one that
 * believes, can go beyond the limit, by what is created in that second.
 */

/** As many creations as eight workers can have under way. So far from the limit, it is not near. */
const NEAR = 512;
const MOST_PER_SECOND = 10_000;
const LEAST_MS = 1_000;
/** Users that a worker remembers. */
const MAX_KNOWN = 10_000;

/** The user has as many VMs as the limit allows. */
export class VmQuotaExceededError extends Error {
  readonly code = 'VM_QUOTA_EXCEEDED';
  override readonly name = 'VmQuotaExceededError';
  readonly max: number;

  constructor(max: number) {
    super(`a user has at most ${max} VMs`);
    this.max = max;
  }
}

export interface VmQuotaOptions {
  readonly max: number;
  /** Counts no further than `limit`. */
  readonly count: (ownerId: string, limit: number) => Promise<number>;
}

interface Known {
  /** What was counted, and what this worker has let pass since. */
  count: number;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

export class VmQuota {
  readonly max: number;
  readonly #count: VmQuotaOptions['count'];
  readonly #near: number;
  /** By owner. The one that was counted first is forgotten first. */
  readonly #known = new Map<string, Known>();

  constructor({ max, count }: VmQuotaOptions) {
    this.max = max;
    this.#count = count;
    this.#near = Math.max(0, max - NEAR);
  }

  /** Before a creation. @returns whether `isFull` and `isExceeded` are to be asked too */
  async isNear(ownerId: string): Promise<boolean> {
    if (this.#near === 0) return true;
    const known = this.#known.get(ownerId);
    const current =
      known !== undefined && performance.now() < known.until ? known : await this.#learn(ownerId);
    if (current.count >= this.#near) return true;
    current.count += 1;
    return false;
  }

  /** Before a creation. Whether the limit is reached. */
  async isFull(ownerId: string): Promise<boolean> {
    return (await this.#count(ownerId, this.max)) >= this.max;
  }

  /** After a creation. Whether it went beyond the limit, and must be taken back. */
  async isExceeded(ownerId: string): Promise<boolean> {
    return (await this.#count(ownerId, this.max + 1)) > this.max;
  }

  async #learn(ownerId: string): Promise<Known> {
    const begun = performance.now();
    const count = await this.#count(ownerId, this.#near);
    const comesNearAfterMs = ((this.#near - count) / MOST_PER_SECOND) * 1000;
    const learned = { count, until: begun + Math.max(LEAST_MS, comesNearAfterMs) };
    this.#known.delete(ownerId);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAX_KNOWN) this.#known.delete(oldest);
    this.#known.set(ownerId, learned);
    return learned;
  }
}
