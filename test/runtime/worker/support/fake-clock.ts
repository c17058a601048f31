/** The clock of a worker as a test moves it. */
import { performance } from 'node:perf_hooks';
import { vi } from 'vitest';

/**
 * As `vi.useFakeTimers`, also for the clock that a worker takes from node:perf_hooks. Fake timers replace the
 * global one alone. `useRealClock` ends it.
 */
export function useFakeClock(options: Parameters<typeof vi.useFakeTimers>[0]): void {
  vi.useFakeTimers(options);
  vi.spyOn(performance, 'now').mockImplementation(() => globalThis.performance.now());
}

export function useRealClock(): void {
  vi.mocked(performance.now).mockRestore();
  vi.useRealTimers();
}
