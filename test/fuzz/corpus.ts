/**
 * The bytes that the fuzzer starts from: every conformance case, and each request of those cases that send
 * several. Cases that differ only in length are cut, since a long run of one byte teaches a fuzzer nothing.
 */

import { loadCases } from '../conformance/case.ts';

/** Longer seeds are left to the differential tests, which run every case whole. */
const MAX_SEED_BYTES = 4096;

export function loadCorpus(): Uint8Array[] {
  const seeds = new Map<string, Uint8Array>();
  const add = (text: string): void => {
    const seed = text.slice(0, MAX_SEED_BYTES);
    seeds.set(seed, Buffer.from(seed, 'latin1'));
  };
  for (const { raw } of loadCases()) {
    if (raw.length === 0) continue;
    add(raw);
    for (const request of raw.split(/(?<=\r\n\r\n)/)) add(request);
  }
  return [...seeds.values()];
}
