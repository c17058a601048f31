/**
 * Hashes and checks passwords, never more at once than the process's HashingSlots allow and with a bounded
 * line of waiters behind them: a hash is meant to be expensive, so whoever sends many must not be able to
 * occupy the server with them. One per worker; called by the authentication controller.
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

/** Of one worker; with 8 workers and 2 slots the last in line waits about a second and a half. */
const MAX_WAITING = 8;
const MAX_WAIT_MS = 5_000;

/** More passwords wait for their hash than the bound allows, or one waited too long. */
export class PasswordsBusyError extends Error {
  readonly code = 'PASSWORDS_BUSY';
  override readonly name = 'PasswordsBusyError';
}

export interface PasswordsOptions {
  readonly slots: HashingSlots;
  readonly maxWaiting?: number;
  readonly maxWaitMs?: number;
}

export class Passwords {
  readonly #slots: HashingSlots;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  /** What a password is compared with where there is no user: nobody knows a password for a random tag. */
  readonly #nobody = formatHash({ ...OWASP, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) });
  #waiting = 0;

  constructor({ slots, maxWaiting = MAX_WAITING, maxWaitMs = MAX_WAIT_MS }: PasswordsOptions) {
    this.#slots = slots;
    this.#maxWaiting = maxWaiting;
    this.#maxWaitMs = maxWaitMs;
  }

  /** @returns a PHC string to store. @throws PasswordsBusyError */
  async hash(password: string, signal?: AbortSignal): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#compute(password, { ...OWASP, salt }, TAG_BYTES, signal);
    return formatHash({ ...OWASP, salt, tag });
  }

  /**
   * Costs the same with and without a stored hash, so that its time does not tell whether a user exists.
   * @param stored the PHC string, or undefined where there is no user: then the answer is false
   * @throws PasswordsBusyError
   */
  async verify(password: string, stored: string | undefined, signal?: AbortSignal): Promise<boolean> {
    const expected = parseHash(stored ?? this.#nobody);
    const tag = await this.#compute(password, expected, expected.tag.length, signal);
    return isSameTag(tag, expected.tag) && stored !== undefined;
  }

  async #compute(
    password: string,
    parameters: HashParameters,
    bytes: number,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    using _slot = this.#slots.tryAcquire() ?? (await this.#waitForSlot());
    // Whoever has gone away while waiting needs no hash any more.
    signal?.throwIfAborted();
    return await computeTag(password, parameters, bytes);
  }

  async #waitForSlot(): Promise<HashingSlot> {
    if (this.#waiting >= this.#maxWaiting) {
      throw new PasswordsBusyError(`${this.#waiting} passwords already wait to be hashed`);
    }
    this.#waiting += 1;
    try {
      const slot = await this.#slots.acquire(this.#maxWaitMs);
      if (slot === undefined) {
        throw new PasswordsBusyError(`no password hash became possible within ${this.#maxWaitMs} ms`);
      }
      return slot;
    } finally {
      this.#waiting -= 1;
    }
  }
}
