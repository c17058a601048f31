/**
 * Hashes and checks passwords. A hash is meant to be expensive, so a client that sends many passwords must
 * not be able to occupy the server with them. HashingSlots bounds the simultaneous hashes. The queue of
 * waiters is bounded too, and one network gets only a part of it. Each worker has one Passwords. The account
 * controller calls it.
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

/** In the whole process. On two processors the last one in the queue waits about a second. */
const TOTAL_WAITING = 64;
/** In each worker, because several requests may reach one worker by chance. */
const MINIMUM_WAITING = 4;
/** One network may fill this part of the queue. The rest remains for others. */
const SHARE_OF_ONE_NETWORK = 1 / 4;
const MAX_WAIT_MS = 5_000;

/** Too many passwords wait to be hashed, or this one has waited too long. */
export class PasswordsBusyError extends Error {
  readonly code = 'PASSWORDS_BUSY';
  override readonly name = 'PasswordsBusyError';
}

export interface PasswordsOptions {
  readonly slots: HashingSlots;
  /** In this worker. See `lineOf`. */
  readonly maxWaiting: number;
  readonly maxWaitMs?: number;
}

/** The client that sent the password. */
export interface HashingClient {
  /** See `networkOf`. */
  readonly network: string;
  /** Aborts when the client has gone away. */
  readonly signal?: AbortSignal;
}

/** How many passwords may wait in each worker. */
export function lineOf(workers: number): number {
  return Math.max(MINIMUM_WAITING, Math.floor(TOTAL_WAITING / workers));
}

export class Passwords {
  readonly #slots: HashingSlots;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  /** The hash to compare with if there is no user. Nobody knows a password for a random tag. */
  readonly #nobody = formatHash({ ...OWASP, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) });
  /** The networks of the passwords that wait. */
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
   * Takes the same time with and without a stored hash, so that nobody can tell from it whether a user
   * exists.
   * @param stored the PHC string, or undefined if there is no user, which makes the answer false
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
    // A client that has left while it waited no longer needs the hash.
    signal?.throwIfAborted();
    return await computeTag(password, parameters, bytes);
  }

  async #waitForSlot(network: string): Promise<HashingSlot> {
    this.#assertRoomFor(network);
    this.#waiting.push(network);
    try {
      const slot = await this.#slots.acquire(this.#maxWaitMs);
      if (slot === undefined) {
        throw new PasswordsBusyError(`no password could be hashed within ${this.#maxWaitMs} ms`);
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
