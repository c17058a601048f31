import { describe, expect, test } from 'vitest';
import { RestartPolicy } from '../../../../src/runtime/server/workers/restart-policy.ts';

describe('a replacement', () => {
  test('starts at once after a worker that had served, however many there are', () => {
    const policy = new RestartPolicy();
    for (let now = 0; now < 100_000; now += 200) policy.ended(now, now - 50, true);
    expect(policy.delayMs).toBe(0);
    expect(policy.isHopeless).toBe(false);
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

  test('waits after one that ended before it had done anything, soon after it began', () => {
    const policy = new RestartPolicy();
    policy.ended(5_000, 4_500, false);
    expect(policy.delayMs).toBeGreaterThan(0);
  });

  test('starts at once after one that was idle for long', () => {
    const policy = new RestartPolicy();
    policy.ended(5_000, 1_000, false);
    expect(policy.delayMs).toBe(0);
  });

  test('counts workers that fail together once: they have one cause', () => {
    const policy = new RestartPolicy();
    for (let worker = 0; worker < 8; worker++) policy.failed(1_000 + worker * 10);
    expect(policy.delayMs).toBe(200);
  });

  test('starts at once again when the pool was complete for a while', () => {
    const policy = new RestartPolicy();
    policy.failed(0);
    policy.complete(500);
    expect(policy.delayMs).toBe(200);
    policy.complete(1_500);
    expect(policy.delayMs).toBe(0);
  });
});
