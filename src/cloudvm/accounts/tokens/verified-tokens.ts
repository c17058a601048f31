/**
 * Remembers which tokens were verified lately, so that the same client's next request need not compute a
 * signature. Used by Tokens, one per worker. The key is the whole token: two tokens are never the same entry.
 */
import type { TokenSubject } from './tokens.ts';

const DEFAULT_CAPACITY = 1_000;

export class VerifiedTokens {
  /** In order of insertion: the first is the one that leaves next. */
  readonly #subjects = new Map<string, TokenSubject>();
  readonly #capacity: number;

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#subjects.size;
  }

  /** @param now seconds since 1970; at and after its expiry a token is not known any more */
  get(token: string, now: number): TokenSubject | undefined {
    const subject = this.#subjects.get(token);
    if (subject === undefined || subject.expiresAt > now) return subject;
    this.#subjects.delete(token);
    return undefined;
  }

  set(token: string, subject: TokenSubject): void {
    if (this.#subjects.size >= this.#capacity) {
      const [oldest] = this.#subjects.keys();
      if (oldest !== undefined) this.#subjects.delete(oldest);
    }
    this.#subjects.set(token, subject);
  }
}
