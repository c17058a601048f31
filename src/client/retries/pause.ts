/** A wait that the caller can end. */
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_DELAY_MS } from '../options.ts';

/**
 * A wait that is longer than a timer can be is cut: Node.js would not wait at all.
 * @throws the reason of the signal
 */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  try {
    await delay(Math.min(ms, MAX_DELAY_MS), undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
