/**
 * Remembers recently verified tokens, so that the next request with the same token needs no signature check.
 * Each worker's Tokens has one. The key is the whole token, so two tokens never share an entry.
 */
import type { TokenSubject } from './token-claims.ts';

const DEFAULT_CAPACITY = 1_000;

export class VerifiedTokens {
  /** In order of insertion: the oldest is evicted first. */
  readonly #subjects = new Map<string, TokenSubject>();
  readonly #capacity: number;

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#subjects.size;
  }

  /** @param now seconds since 1970. A token is forgotten at its expiry */
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
