import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { httpDate as HttpDate } from '../../../../src/runtime/http/response/date.ts';

let httpDate: typeof HttpDate;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  ({ httpDate } = await import('../../../../src/runtime/http/response/date.ts'));
});
afterEach(() => {
  vi.useRealTimers();
});

test('the Date header changes with the second of the clock', () => {
  vi.setSystemTime(Date.UTC(1994, 10, 6, 8, 49, 37, 990));
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  vi.advanceTimersByTime(9);
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  vi.advanceTimersByTime(1);
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:49:38 GMT');
});

test('the Date header follows within a second when the clock is set forwards or backwards', () => {
  vi.setSystemTime(Date.UTC(1994, 10, 6, 8, 49, 37));
  httpDate();
  vi.setSystemTime(Date.UTC(1994, 10, 6, 8, 0, 0));
  vi.advanceTimersByTime(1_000);
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:00:01 GMT');
  vi.setSystemTime(Date.UTC(2026, 0, 1));
  vi.advanceTimersByTime(1_000);
  expect(httpDate()).toBe('Thu, 01 Jan 2026 00:00:01 GMT');
});

test('the Date header is made once a second', () => {
  vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 0, 0, 0));
  httpDate();
  const toUTCString = vi.spyOn(Date.prototype, 'toUTCString');
  vi.advanceTimersByTime(999);
  httpDate();
  expect(toUTCString).not.toHaveBeenCalled();
  toUTCString.mockRestore();
});
