/** Waits that end: when what they wait for comes, after a time, or when nobody waits any more. */
import { setTimeout as delay } from 'node:timers/promises';

/** Between two looks at what no event announces. */
const LOOK_INTERVAL_MS = 50;

/**
 * Looks again and again until the condition holds.
 * @returns whether it did in time
 * @throws the reason of the signal
 */
export async function until(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() >= deadline) return false;
    await pause(signal);
  }
  return true;
}

/** Between two looks. @throws the reason of the signal */
export async function pause(signal: AbortSignal): Promise<void> {
  await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** @throws what the promise rejects with, the reason of the signal, or `late` after the time */
export async function inTime<T>(
  promise: Promise<T>,
  { timeoutMs, signal, late }: { timeoutMs: number; signal: AbortSignal; late: Error },
): Promise<T> {
  const end = Promise.withResolvers<never>();
  const onAbort = () => end.reject(signal.reason);
  const timer = setTimeout(() => end.reject(late), timeoutMs);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, end.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
