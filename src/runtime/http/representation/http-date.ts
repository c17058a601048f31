/**
 * Reads the dates of header fields (RFC 9110, section 5.6.7), in all three forms. `Date.parse` alone accepts
 * far more than HTTP does. Used by preconditions.ts.
 */

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '\\d\\d:\\d\\d:\\d\\d';
/** Sun, 06 Nov 1994 08:49:37 GMT */
const IMF_FIXDATE = new RegExp(`^[A-Z][a-z]{2}, \\d\\d ${MONTH} \\d{4} ${TIME} GMT$`);
/** Sunday, 06-Nov-94 08:49:37 GMT */
const RFC_850 = new RegExp(`^([A-Z][a-z]{2})[a-z]*day, (\\d\\d)-(${MONTH})-(\\d\\d) (${TIME}) GMT$`);
/** Sun Nov  6 08:49:37 1994 */
const ASCTIME = new RegExp(`^([A-Z][a-z]{2}) (${MONTH}) ([ \\d]\\d) (${TIME}) (\\d{4})$`);

/** A year of two digits that would be further ahead lies in the century before. */
const MOST_YEARS_AHEAD = 50;

/** @returns milliseconds since 1970, or undefined where it is no date of HTTP */
export function parseHttpDate(text: string): number | undefined {
  if (IMF_FIXDATE.test(text)) return parseFixdate(text);
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) {
    const [, weekday, month, day = '', time, year] = asctime;
    return parseFixdate(`${weekday}, ${day.replace(' ', '0')} ${month} ${year} ${time} GMT`);
  }
  const rfc850 = RFC_850.exec(text);
  if (rfc850 === null) return undefined;
  const [, weekday, day, month, year, time] = rfc850;
  return parseFixdate(`${weekday}, ${day} ${month} ${fullYear(Number(year))} ${time} GMT`);
}

/** A date that does not exist, such as 30 February or a wrong weekday, does not come out as it went in. */
function parseFixdate(text: string): number | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) || date.toUTCString() !== text ? undefined : date.getTime();
}

function fullYear(twoDigits: number): number {
  const present = new Date().getUTCFullYear();
  const year = present - (present % 100) + twoDigits;
  return year > present + MOST_YEARS_AHEAD ? year - 100 : year;
}
