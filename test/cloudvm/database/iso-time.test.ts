/** The texts of times, against those of Date. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTime, writeIsoTime } from '../../../src/cloudvm/database/iso-time.ts';

const MAX_TIME_MS = 8.64e15;
const DAY_MS = 86_400_000;

function isoTime(time: number): string {
  const bytes = Buffer.alloc(40);
  return bytes.toString('latin1', 5, writeIsoTime(bytes, 5, time));
}

test('a time has the text that Date gives it, whichever was written before', () => {
  const near = fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS });
  const any = fc.integer({ min: -MAX_TIME_MS, max: MAX_TIME_MS });
  fc.assert(
    fc.property(fc.array(fc.oneof(near, any), { minLength: 1 }), (times) => {
      expect(times.map(isoTime)).toEqual(times.map((time) => new Date(time).toISOString()));
    }),
  );
});

test.each([-MAX_TIME_MS, -DAY_MS, -1, 0, DAY_MS - 1, DAY_MS, MAX_TIME_MS])('the time %d is right', (time) => {
  expect(isTime(time)).toBe(true);
  expect(isoTime(time)).toBe(new Date(time).toISOString());
});

test.each([MAX_TIME_MS + 1, -MAX_TIME_MS - 1, Number.NaN])('no Date can hold the time %d', (time) => {
  expect(isTime(time)).toBe(false);
});
