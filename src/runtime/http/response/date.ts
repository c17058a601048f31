/**
 * The value of the Date header (IMF-fixdate, RFC 9110, section 5.6.7), made once a second. There is no timer
 * behind it, so an idle thread stays asleep. The clock of the day is read once a second too, since callers
 * have just read the monotonic clock. When somebody sets the clock, this follows within a second.
 */

const MILLISECONDS_PER_SECOND = 1000;

let text = '';
/** Milliseconds of performance.now(). */
let validUntil = Number.NEGATIVE_INFINITY;

/**
 * The present time, such as "Sun, 06 Nov 1994 08:49:37 GMT". The string is the same object within a second.
 * @param now milliseconds of performance.now(), read recently
 */
export function httpDate(now: number = performance.now()): string {
  if (now >= validUntil) renew(now);
  return text;
}

function renew(now: number): void {
  const wallClock = Date.now();
  // toUTCString is specified by ECMA-262 in exactly this format for four-digit years.
  text = new Date(wallClock).toUTCString();
  validUntil = now + MILLISECONDS_PER_SECOND - (wallClock % MILLISECONDS_PER_SECOND);
}
