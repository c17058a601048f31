/** How long an operation waits before its next attempt: exponential backoff with full jitter (AWS, 2015). */

const FIRST_MS = 500;
const LONGEST_MS = 60_000;

/** @param failures from 1. @returns milliseconds */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  // Never at once, because what has just failed has hardly recovered.
  return ceiling / 4 + (random() * ceiling * 3) / 4;
}
