/**
 * The counters and gauges that the application has declared (http/metrics/meters.ts): a word for each in the
 * row of each worker, which alone writes there, with plain stores. Main reads the rows at a scrape.
 *
 * A counter wraps around and is never reset: main adds up differences, and a new worker goes on where the one
 * before it in the slot has ended. Gauges count only while their worker lives.
 */

import { APPLICATION_METERS, type SharedMemory } from '../layout.ts';

/** @returns the row of a slot */
export function applicationMeters(
  { words, layout }: Pick<SharedMemory, 'words' | 'layout'>,
  slot: number,
): Int32Array {
  const first = layout.meterWord + slot * APPLICATION_METERS;
  return words.subarray(first, first + APPLICATION_METERS);
}
