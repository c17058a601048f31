/**
 * Writes times as Date.prototype.toISOString does, without making strings. Days repeat, so the text of the
 * last one is kept.
 */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const CLOCK = '00:00:00.000Z';

/** The largest time that a Date can hold (ECMAScript, "Time Values and Time Range"). */
const MAX_TIME_MS = 8.64e15;

const ZERO = 0x30;
const COLON = 0x3a;
const POINT = 0x2e;
const LETTER_Z = 0x5a;

let knownDay = Number.NaN;
let knownDayText: Uint8Array = new Uint8Array();

/** Whether a Date can hold it. */
export function isTime(time: number): boolean {
  return Math.abs(time) <= MAX_TIME_MS;
}

/**
 * @param time in whole milliseconds since 1970-01-01T00:00:00Z, for which `isTime` holds
 * @returns the position after the text
 */
export function writeIsoTime(bytes: Uint8Array, position: number, time: number): number {
  const day = Math.floor(time / DAY_MS);
  const millisecond = time - day * DAY_MS;
  const hour = writeDay(bytes, position, day);
  writeTwoDigits(bytes, hour, Math.floor(millisecond / HOUR_MS));
  bytes[hour + 2] = COLON;
  writeTwoDigits(bytes, hour + 3, Math.floor((millisecond % HOUR_MS) / MINUTE_MS));
  bytes[hour + 5] = COLON;
  writeTwoDigits(bytes, hour + 6, Math.floor((millisecond % MINUTE_MS) / SECOND_MS));
  bytes[hour + 8] = POINT;
  const thousandths = millisecond % SECOND_MS;
  bytes[hour + 9] = ZERO + Math.floor(thousandths / 100);
  writeTwoDigits(bytes, hour + 10, thousandths % 100);
  bytes[hour + 12] = LETTER_Z;
  return hour + CLOCK.length;
}

/** With the "T" at its end. */
function writeDay(bytes: Uint8Array, position: number, day: number): number {
  if (day !== knownDay) {
    knownDayText = Buffer.from(new Date(day * DAY_MS).toISOString().slice(0, -CLOCK.length));
    knownDay = day;
  }
  bytes.set(knownDayText, position);
  return position + knownDayText.length;
}

function writeTwoDigits(bytes: Uint8Array, position: number, number: number): void {
  const tens = Math.floor(number / 10);
  bytes[position] = ZERO + tens;
  bytes[position + 1] = ZERO + number - tens * 10;
}
