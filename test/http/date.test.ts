import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { httpDate } from '../../src/http/date.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the date is that of the clock, forwards and backwards', () => {
  vi.setSystemTime(Date.UTC(1994, 10, 6, 8, 49, 37, 999));
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  vi.setSystemTime(Date.UTC(1994, 10, 6, 8, 49, 38));
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:49:38 GMT');
  vi.setSystemTime(Date.UTC(1994, 10, 6, 8, 0, 0));
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:00:00 GMT');
});

test('the date is made once a second', () => {
  vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 0, 0, 0));
  httpDate();
  const toUTCString = vi.spyOn(Date.prototype, 'toUTCString');
  vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 0, 0, 999));
  httpDate();
  expect(toUTCString).not.toHaveBeenCalled();
  toUTCString.mockRestore();
});
