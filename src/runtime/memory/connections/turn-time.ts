/**
 * Moments that main and a worker tell each other in one word of the connection table: tenths of
 * microseconds of performance.now(), which has one origin in all threads. The word wraps around after seven
 * minutes, so only shorter times can be told.
 */

const PER_MS = 10_000;

/** @param now milliseconds. @returns never 0, which means that there is no moment */
export function timeWord(now: number): number {
  return (now * PER_MS) | 0 | 1;
}

/** Milliseconds from the moment of a word. Clocks of two threads may differ by less than a microsecond. */
export function timeSince(word: number, now: number): number {
  return Math.max((((now * PER_MS) | 0) - word) | 0, 0) / PER_MS;
}
