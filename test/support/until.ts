/** Waiting for a condition that no event announces. */

import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 2;

/**
 * Checks again and again until the condition holds. @throws Error after the deadline that names the condition
 */
export async function until(what: string, condition: () => boolean, deadlineMs = 20_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}
