/**
 * Hashes and checks passwords, never more at once than the process's HashingSlots allow and with a bounded
 * line of waiters behind them, of which one network gets a part: a hash is meant to be expensive, so whoever sends many
 * must not be able to occupy the server with them. One per worker; called by the authentication controller.
 */
import { randomBytes } from 'node:crypto';
import type { HashingSlot, HashingSlots } from './hashing-slots.ts';
import {
  computeTag,
  formatHash,
  type HashParameters,
  isSameTag,
  OWASP,
  parseHash,
  SALT_BYTES,
  TAG_BYTES,
} from './password-hash.ts';

/** Of the whole process: with 2 slots the last in line waits about a second and a half. */
const TOTAL_WAITING = 64;
/** Requests meet in one worker by chance. */
const MINIMUM_WAITING = 4;
/** One network fills at most this part of the line; the rest stays for others. */
const SHARE_OF_ONE_NETWORK = 1 / 4;
const MAX_WAIT_MS = 5_000;

/** More passwords wait for their hash than the bounds allow, or one waited too long. */
export class PasswordsBusyError extends Error {
  readonly code = 'PASSWORDS_BUSY';
  override readonly name = 'PasswordsBusyError';
}

export interface PasswordsOptions {
  readonly slots: HashingSlots;
  /** Of this worker; see `lineOf`. */
  readonly maxWaiting: number;
  readonly maxWaitMs?: number;
}

/** Whose password it is. */
export interface HashingClient {
  /** See `networkOf`. */
  readonly network: string;
  /** Aborts when the client has gone away. */
  readonly signal?: AbortSignal;
}

/** How many may wait in each of so many workers. */
export function lineOf(workers: number): number {
  return Math.max(MINIMUM_WAITING, Math.floor(TOTAL_WAITING / workers));
}

export class Passwords {
  readonly #slots: HashingSlots;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  /** What a password is compared with where there is no user: nobody knows a password for a random tag. */
  readonly #nobody = formatHash({ ...OWASP, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) });
  /** The networks of those that wait. */
  readonly #waiting: string[] = [];

  constructor({ slots, maxWaiting, maxWaitMs = MAX_WAIT_MS }: PasswordsOptions) {
    this.#slots = slots;
    this.#maxWaiting = maxWaiting;
    this.#maxWaitMs = maxWaitMs;
  }

  /** @returns a PHC string to store. @throws PasswordsBusyError */
  async hash(password: string, client: HashingClient): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#compute(password, { ...OWASP, salt }, TAG_BYTES, client);
    return formatHash({ ...OWASP, salt, tag });
  }

  /**
   * Costs the same with and without a stored hash, so that its time does not tell whether a user exists.
   * @param stored the PHC string, or undefined where there is no user: then the answer is false
   * @throws PasswordsBusyError
   */
  async verify(password: string, stored: string | undefined, client: HashingClient): Promise<boolean> {
    const expected = parseHash(stored ?? this.#nobody);
    const tag = await this.#compute(password, expected, expected.tag.length, client);
    return isSameTag(tag, expected.tag) && stored !== undefined;
  }

  async #compute(
    password: string,
    parameters: HashParameters,
    bytes: number,
    { network, signal }: HashingClient,
  ): Promise<Buffer> {
    using _slot = this.#slots.tryAcquire() ?? (await this.#waitForSlot(network));
    // Whoever has gone away while waiting needs no hash any more.
    signal?.throwIfAborted();
    return await computeTag(password, parameters, bytes);
  }

  async #waitForSlot(network: string): Promise<HashingSlot> {
    this.#assertRoomFor(network);
    this.#waiting.push(network);
    try {
      const slot = await this.#slots.acquire(this.#maxWaitMs);
      if (slot === undefined) {
        throw new PasswordsBusyError(`no password hash became possible within ${this.#maxWaitMs} ms`);
      }
      return slot;
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(network), 1);
    }
  }

  #assertRoomFor(network: string): void {
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new PasswordsBusyError(`${this.#waiting.length} passwords already wait to be hashed`);
    }
    const share = Math.max(1, Math.floor(this.#maxWaiting * SHARE_OF_ONE_NETWORK));
    if (this.#waiting.filter((other) => other === network).length >= share) {
      throw new PasswordsBusyError(`${share} passwords of one network already wait to be hashed`);
    }
  }
}
