/** What the private copies of request bodies leave behind. */

import { memoryUsage } from 'node:process';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { beforePrivateCopy } from '../../../../src/runtime/http/request/private-copies.ts';

const MB = 1_048_576;

/** @returns the most memory of array buffers while so many copies of 1 MB are made and dropped */
function mostAfter(copies: number, before: (length: number) => void): number {
  const start = memoryUsage().arrayBuffers;
  let most = 0;
  for (let copy = 0; copy < copies; copy++) {
    before(MB);
    new Uint8Array(MB);
    most = Math.max(most, memoryUsage().arrayBuffers - start);
  }
  return most;
}

test('copies of large bodies that nobody holds any more do not pile up', () => {
  mostAfter(32, beforePrivateCopy);
  // A scavenge every 16 MB, whose memory is counted as free at the one after it.
  expect(mostAfter(500, beforePrivateCopy)).toBeLessThan(48 * MB);
});

test('contexts that are made afterwards have no collector', () => {
  mostAfter(64, beforePrivateCopy);
  expect(runInNewContext('typeof gc')).toBe(typeof globalThis.gc);
});
