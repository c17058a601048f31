import { expect, test } from 'vitest';
import { backoffMs } from '../../../src/cloudvm/operations/runner/backoff.ts';

test.each([
  [1, 125, 500],
  [2, 250, 1_000],
  [5, 2_000, 8_000],
  [8, 15_000, 60_000],
  [100, 15_000, 60_000],
])('after %i failures it waits from %i to %i ms', (failures, least, most) => {
  expect(backoffMs(failures, () => 0)).toBe(least);
  expect(backoffMs(failures, () => 1)).toBe(most);
});
