import { expect, test } from 'vitest';
import { timeSince, timeWord } from '../../../../src/runtime/memory/connections/turn-time.ts';

test('a time since a moment is exact to a tenth of a microsecond', () => {
  for (const now of [0, 1, 12.345_6, 9_999.999]) {
    for (const later of [0, 0.000_4, 0.5, 17, 29_000.123_4]) {
      expect(Math.abs(timeSince(timeWord(now), now + later) - later)).toBeLessThan(0.000_21);
    }
  }
});

test('it is right while the word wraps around, after days', () => {
  for (const now of [2 ** 31 / 10_000 - 1, 2 ** 32 / 10_000 - 1, 40 * 86_400_000]) {
    expect(timeSince(timeWord(now), now + 5_000)).toBeCloseTo(5_000, 3);
  }
});

test('a moment is never 0, and a clock that is behind gives no negative time', () => {
  expect([0, 2 ** 32 / 10_000, 2 ** 33 / 10_000].map(timeWord)).not.toContain(0);
  expect(timeSince(timeWord(10), 9.999)).toBe(0);
});
