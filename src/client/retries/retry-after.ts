/** The Retry-After field (RFC 9110, section 10.2.3): seconds, or a date in one of three formats. */
import type { Answer } from '../exchange/answer.ts';

const SECONDS = /^\d{1,9}$/;
/** `Fri, 27 Nov 2026 08:49:37 GMT` and the obsolete `Friday, 27-Nov-26 08:49:37 GMT`. */
const DATE_WITH_ZONE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
/** The obsolete `Fri Nov 27 08:49:37 2026`, which is in GMT as well. */
const DATE_OF_ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** @returns milliseconds from now, or undefined if the field is missing or malformed */
export function retryAfterOf(answer: Pick<Answer, 'header'>): number | undefined {
  const text = answer.header('retry-after')?.trim();
  if (text === undefined) return undefined;
  if (SECONDS.test(text)) return Number(text) * 1000;
  const date = parseHttpDate(text);
  if (date === undefined) return undefined;
  // The server's own clock, if it tells the time: that of this machine may differ.
  const now = parseHttpDate(answer.header('date')?.trim() ?? '') ?? Date.now();
  return Math.max(0, date - now);
}

function parseHttpDate(text: string): number | undefined {
  const zoned = DATE_WITH_ZONE.test(text) ? text : DATE_OF_ASCTIME.test(text) ? `${text} GMT` : undefined;
  if (zoned === undefined) return undefined;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}
