import { describe, expect, test } from 'vitest';
import { RestartPolicy } from '../../../../src/runtime/server/workers/restart-policy.ts';

describe('the replacement of a worker', () => {
  test('starts at once after a worker that had served, if that does not happen too often', () => {
    const policy = new RestartPolicy();
    for (let now = 0; now < 100_000; now += 500) policy.ended(now, now - 50, true);
    expect(policy.delayMs).toBe(0);
    expect(policy.budgetDelayMs).toBe(0);
    expect(policy.isHopeless).toBe(false);
  });

  test('waits for the budget when many workers have ended, and the budget comes back', () => {
    const policy = new RestartPolicy();
    const delays = Array.from({ length: 20 }, () => {
      policy.ended(1_000, 0, true);
      return policy.budgetDelayMs;
    });
    expect(delays.slice(0, 16)).toEqual(new Array(16).fill(0));
    expect(delays.slice(16)).toEqual([500, 1_000, 1_500, 2_000]);
    policy.ended(60_000, 0, true);
    expect(policy.budgetDelayMs).toBe(0);
  });

  test('waits twice as long after each failure in a row, within a bound', () => {
    const policy = new RestartPolicy();
    const delays = Array.from({ length: 12 }, (_, number) => {
      policy.failed(number * 200);
      return policy.delayMs;
    });
    expect(delays.slice(0, 4)).toEqual([200, 400, 800, 1_600]);
    expect(delays.at(-1)).toBe(10_000);
    expect(policy.isHopeless).toBe(true);
  });

  test('waits if the worker ended soon after it began to serve and had done nothing', () => {
    const policy = new RestartPolicy();
    policy.ended(5_000, 4_500, false);
    expect(policy.delayMs).toBeGreaterThan(0);
  });

  test('starts at once if the worker had been idle for long', () => {
    const policy = new RestartPolicy();
    policy.ended(5_000, 1_000, false);
    expect(policy.delayMs).toBe(0);
  });

  test('counts workers that fail together as one failure', () => {
    const policy = new RestartPolicy();
    for (let worker = 0; worker < 8; worker++) policy.failed(1_000 + worker * 10);
    expect(policy.delayMs).toBe(200);
  });

  test('starts at once again after the pool was complete for a while', () => {
    const policy = new RestartPolicy();
    policy.failed(0);
    policy.complete(500);
    expect(policy.delayMs).toBe(200);
    policy.complete(1_500);
    expect(policy.delayMs).toBe(0);
  });
});
