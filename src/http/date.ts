/**
 * The Date header's value (IMF-fixdate, RFC 9110, section 5.6.7), made anew at most once a second. There is
 * no timer behind it, so an idle thread stays asleep; a clock read per response is all it costs.
 */

const MILLISECONDS_PER_SECOND = 1000;

let text = '';
let second = -1;

/** Now, as "Sun, 06 Nov 1994 08:49:37 GMT". */
export function httpDate(): string {
  const now = Date.now();
  const nowSecond = Math.floor(now / MILLISECONDS_PER_SECOND);
  // Unequal rather than later: a clock that was set back must not freeze the date.
  if (nowSecond !== second) {
    second = nowSecond;
    // toUTCString is specified by ECMA-262 in exactly this format for four-digit years.
    text = new Date(now).toUTCString();
  }
  return text;
}
