/**
 * Hashes and checks passwords. A hash is meant to be expensive, so a client that sends many passwords must
 * not be able to occupy the server with them. HashingLine bounds the hashes and puts them in order. Each
 * worker has one Passwords. The account controller calls it.
 */
import { randomBytes } from 'node:crypto';
import type { HashingClient, HashingLine } from './line/hashing-line.ts';
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

/** Whoever sent the password. */
export interface PasswordClient extends HashingClient {
  /** Called when its turn has come after a wait. What it throws refuses the password unhashed. */
  readonly onTurn?: () => Promise<void>;
}

export class Passwords {
  readonly #line: Pick<HashingLine, 'acquire'>;
  /** The hash to compare with if there is no user. Nobody knows a password for a random tag. */
  readonly #nobody = formatHash({ ...OWASP, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) });

  constructor(line: Pick<HashingLine, 'acquire'>) {
    this.#line = line;
  }

  /** @returns a PHC string to store. @throws HashingLineFullError */
  async hash(password: string, client: PasswordClient): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#compute(password, { ...OWASP, salt }, TAG_BYTES, client);
    return formatHash({ ...OWASP, salt, tag });
  }

  /**
   * Takes the same time with and without a stored hash, so that nobody can tell from it whether a user
   * exists.
   * @param stored the PHC string, or undefined if there is no user, which makes the answer false
   * @throws HashingLineFullError
   */
  async verify(password: string, stored: string | undefined, client: PasswordClient): Promise<boolean> {
    const expected = parseHash(stored ?? this.#nobody);
    const tag = await this.#compute(password, expected, expected.tag.length, client);
    return isSameTag(tag, expected.tag) && stored !== undefined;
  }

  async #compute(
    password: string,
    parameters: HashParameters,
    bytes: number,
    client: PasswordClient,
  ): Promise<Buffer> {
    const { slot, hasWaited } = await this.#line.acquire(client);
    using _slot = slot;
    if (hasWaited) await client.onTurn?.();
    // A client that has left while it waited no longer needs the hash.
    client.signal?.throwIfAborted();
    return await computeTag(password, parameters, bytes);
  }
}
