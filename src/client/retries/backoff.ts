/** How long to wait before the next attempt. */

export interface Backoff {
  /** The longest wait before the second attempt. It doubles with each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Full jitter: anything from 0 to the exponential bound, so that clients that failed together do not come
 * back together.
 * @param failures how many attempts have failed, at least 1
 */
export function backoffMs(failures: number, { baseDelayMs, maxDelayMs }: Backoff): number {
  return Math.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
}

/** What the server asks for, and a little more for everyone to differ. */
export function politeMs(askedMs: number | undefined, failures: number, backoff: Backoff): number {
  const own = backoffMs(failures, backoff);
  return askedMs === undefined ? own : askedMs + Math.min(own, backoff.baseDelayMs);
}
