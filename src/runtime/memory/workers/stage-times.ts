/**
 * How long the stages of requests take, as histograms (stage-histogram.ts). Each thread has a table of its
 * own and is the only one that writes there, with plain stores: a worker the stages that it runs, main
 * `accept`, `handover`, `write` and `total`. Main reads all tables (server/timing/stage-totals.ts), while the
 * others write. What it reads is at most one request late.
 *
 * The counts are 32-bit words that wrap around, and a new thread goes on in the table of one that has ended.
 */

import { type Layout, type SharedMemory, STAGE_TABLE_WORDS } from '../layout.ts';
import { BUCKETS, bucketOf } from './stage-histogram.ts';
import { STAGES, type Stage } from './stages.ts';

export class StageTimes {
  readonly #words: Int32Array;
  readonly #first: number;

  /** @param slot of the thread that writes. Main has the one after those of the workers */
  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    this.#words = words;
    this.#first = stageWord(layout, slot, 0);
  }

  observe(stage: Stage, milliseconds: number): void {
    const word = this.#first + STAGES.indexOf(stage) * BUCKETS + bucketOf(milliseconds);
    this.#words[word] = ((this.#words[word] as number) + 1) | 0;
  }
}

/** The word where the histogram of a stage begins in the table of a thread. */
export function stageWord({ stageWord }: Layout, slot: number, stage: number): number {
  return stageWord + slot * STAGE_TABLE_WORDS + stage * BUCKETS;
}
