/**
 * Sessions that somebody must leave when they end: streams of events, which outlive the request that opened
 * them. All are looked at together, from time to time, and those of one user when something was heard of it.
 */
import { InvalidTokenError, type TokenSubject } from '../tokens/token-claims.ts';

/** How long a stream may go on after its token has expired, or after this worker could know more. */
const LOOK_INTERVAL_MS = 1_000;

interface Follower {
  readonly subject: TokenSubject;
  readonly onEnd: () => void;
  /** A slow database is not asked again before it has answered. */
  isBeingChecked: boolean;
}

export class FollowedSessions implements Disposable {
  readonly #check: (subject: TokenSubject) => void | Promise<void>;
  readonly #followers = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;

  /** @param check throws or rejects with InvalidTokenError when the token was withdrawn */
  constructor(check: (subject: TokenSubject) => void | Promise<void>) {
    this.#check = check;
  }

  add(subject: TokenSubject, onEnd: () => void): Disposable {
    const follower = { subject, onEnd, isBeingChecked: false };
    this.#followers.add(follower);
    this.#timer ??= setInterval(() => this.#lookAtAll(), LOOK_INTERVAL_MS).unref();
    return { [Symbol.dispose]: () => this.#delete(follower) };
  }

  /** Looks at the sessions of one user now. */
  look(userId: string): void {
    for (const follower of this.#followers) {
      if (follower.subject.userId === userId) void this.#lookAt(follower);
    }
  }

  [Symbol.dispose](): void {
    this.#followers.clear();
    this.#stop();
  }

  #lookAtAll(): void {
    for (const follower of this.#followers) void this.#lookAt(follower);
  }

  /** A check that fails because of the database is no verdict. The next look makes up for it. */
  async #lookAt(follower: Follower): Promise<void> {
    if (follower.isBeingChecked) return;
    follower.isBeingChecked = true;
    try {
      if (follower.subject.expiresAt * 1000 <= Date.now()) throw new InvalidTokenError('expired');
      await this.#check(follower.subject);
    } catch (error) {
      if (!(error instanceof InvalidTokenError) || !this.#followers.has(follower)) return;
      this.#delete(follower);
      follower.onEnd();
    } finally {
      follower.isBeingChecked = false;
    }
  }

  #delete(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size === 0) this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
