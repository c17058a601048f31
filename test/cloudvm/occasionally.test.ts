import { afterEach, expect, test, vi } from 'vitest';
import { occasionally } from '../../src/cloudvm/occasionally.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('the first error is reported at once, then one in each interval with the number of the others', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const report = vi.fn();
  const note = occasionally(1_000, report);
  for (const error of ['a', 'b', 'c']) note(error);
  expect(report.mock.calls).toEqual([['a', 0]]);
  vi.advanceTimersByTime(1_000);
  for (const error of ['d', 'e']) note(error);
  vi.advanceTimersByTime(1_000);
  note('f');
  expect(report.mock.calls).toEqual([
    ['a', 0],
    ['d', 2],
    ['f', 1],
  ]);
});
