/**
 * Adds up the times of stages of all threads (memory/workers/stage-times.ts). Main thread. It adds
 * differences, because the words wrap around: after 10 hours at the earliest, if every request is timed.
 */

import type { SharedMemory } from '../../memory/layout.ts';
import { BUCKETS } from '../../memory/workers/stage-histogram.ts';
import { stageWord } from '../../memory/workers/stage-times.ts';
import { STAGES, type Stage } from '../../memory/workers/stages.ts';

interface Row {
  readonly words: Int32Array;
  /** What was read last. */
  readonly known: Int32Array;
  readonly total: Float64Array;
}

export class StageTotals {
  readonly #shared: Pick<SharedMemory, 'words' | 'layout'>;
  readonly #totals = new Map(STAGES.map((stage) => [stage, new Float64Array(BUCKETS)]));
  /** Made when somebody asks for the first time. */
  #rows: readonly Row[] | undefined;

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#shared = shared;
  }

  /** Adds what was counted since the last time. */
  addUp(): void {
    this.#rows ??= this.#open();
    for (const { words, known, total } of this.#rows) {
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const word = words[bucket] as number;
        total[bucket] = (total[bucket] as number) + ((word - (known[bucket] as number)) >>> 0);
        known[bucket] = word;
      }
    }
  }

  /** Counts since the start, by bucket (memory/workers/stage-histogram.ts). */
  all(): ReadonlyMap<Stage, Float64Array> {
    return this.#totals;
  }

  #open(): readonly Row[] {
    const { words, layout } = this.#shared;
    const threads = Array.from({ length: layout.slots + 1 }, (_, slot) => slot);
    return [...this.#totals.values()].flatMap((total, stage) =>
      threads.map((slot) => {
        const first = stageWord(layout, slot, stage);
        return { words: words.subarray(first, first + BUCKETS), known: new Int32Array(BUCKETS), total };
      }),
    );
  }
}
