/**
 * What the server has said about its rate limit. While nothing is left, requests wait for the next window
 * instead of being refused.
 */
import type { Answer } from '../exchange/answer.ts';
import type { Deadline } from './deadline.ts';
import { pause } from './pause.ts';
import { type RateLimit, rateLimitOf } from './rate-limit.ts';

/** So that those that wait do not all go on in the same moment. */
const SPREAD_MS = 250;

export class RateLimits {
  #latest: RateLimit | undefined;
  #closedUntil = 0;

  get latest(): RateLimit | undefined {
    return this.#latest;
  }

  learn(answer: Answer): void {
    const limit = rateLimitOf(answer);
    if (limit === undefined) return;
    this.#latest = limit;
    this.#closedUntil = limit.remaining > 0 ? 0 : performance.now() + (limit.resetMs ?? 0);
  }

  /** A wait that the call has no time for is left out: then the server decides. */
  async waitForTurn({ leftMs, signal }: Deadline): Promise<void> {
    const waitMs = this.#closedUntil - performance.now();
    if (waitMs > 0 && waitMs + SPREAD_MS < leftMs) await pause(waitMs + Math.random() * SPREAD_MS, signal);
  }
}
