/**
 * Frees the private copies of large bodies soon after their requests. Each thread counts its own.
 *
 * Such a copy lies outside the heap of V8, which counts it for major collections only, and begins one after
 * about 64 MB. That marks the whole heap, and meanwhile each copy takes fresh pages from the kernel. A
 * scavenge frees copies that nobody holds any more for a fraction of a millisecond, so one is run after every
 * 16 MB. The README of http/ has what this saves.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Smaller ones are too few bytes to matter beside what else a request leaves behind. */
const LEAST_BYTES = 16_384;
const BYTES_OF_A_SCAVENGE = 16_777_216;

type Scavenge = (options: { readonly type: 'minor' }) => void;

let copiedBytes = 0;
let scavenge: Scavenge | undefined;

/** Called before each private copy of a body. */
export function beforePrivateCopy(length: number): void {
  if (length < LEAST_BYTES) return;
  copiedBytes += length;
  if (copiedBytes < BYTES_OF_A_SCAVENGE) return;
  copiedBytes = 0;
  scavenge ??= findScavenge();
  scavenge?.({ type: 'minor' });
}

/**
 * V8 offers it to contexts that are made while the flag is set. The flag is one of the process, so another
 * thread may clear it in between. Then there is none, and a later call tries again.
 */
function findScavenge(): Scavenge | undefined {
  if (globalThis.gc !== undefined) return globalThis.gc;
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  return typeof found === 'function' ? (found as Scavenge) : undefined;
}
