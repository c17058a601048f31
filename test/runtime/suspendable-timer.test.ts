import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SuspendableTimer } from '../../src/runtime/suspendable-timer.ts';

function stage() {
  const deadline = { isSuspended: false, overs: 0 };
  const timer = new SuspendableTimer(
    1_000,
    () => deadline.isSuspended,
    () => deadline.overs++,
  );
  return { deadline, timer };
}

describe('a timer that may be suspended', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('calls back once, when the time is over', () => {
    const { deadline } = stage();
    vi.advanceTimersByTime(999);
    expect(deadline.overs).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(deadline.overs).toBe(1);
  });

  test('starts again whenever its time is over while it is suspended', () => {
    const { deadline } = stage();
    deadline.isSuspended = true;
    vi.advanceTimersByTime(5_500);
    deadline.isSuspended = false;
    vi.advanceTimersByTime(499);
    expect(deadline.overs).toBe(0);
    vi.advanceTimersByTime(1);
    expect(deadline.overs).toBe(1);
  });

  test('never fires after it is disposed of, even if it had started again', () => {
    const { deadline, timer } = stage();
    deadline.isSuspended = true;
    vi.advanceTimersByTime(1_500);
    timer[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
