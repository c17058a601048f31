/**
 * A thread that wakes the generator at each tick. Timers of Node.js are late by up to a millisecond, which is
 * more than a request takes. A thread that waits on a word is late by some 0.1 ms.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { now } from './clock.ts';

export interface TickerData {
  readonly control: Int32Array;
  /** In milliseconds, by clock.ts. */
  readonly firstTick: number;
  readonly tickMs: number;
}

/** Words of `control`. */
export const STOPPED = 0;
/** 1 while a tick waits to be heard, so that ticks never queue up. The generator takes it back. */
export const PENDING = 1;
export const WORDS = 2;

if (parentPort !== null) tick(workerData);

function tick({ control, firstTick, tickMs }: TickerData): void {
  for (let number = 0; Atomics.load(control, STOPPED) === 0; ) {
    const wait = firstTick + number * tickMs - now();
    if (wait > 0) {
      Atomics.wait(control, STOPPED, 0, wait);
      continue;
    }
    if (Atomics.exchange(control, PENDING, 1) === 0) parentPort?.postMessage(null);
    // Ticks that are over have no wake-up of their own.
    number = Math.floor((now() - firstTick) / tickMs) + 1;
  }
}
