/**
 * How many workers take requests at this moment. Main writes the word whenever that changes, and anyone reads
 * it.
 */

import { invariant } from '../../../platform/invariant.ts';
import type { SharedMemory } from '../layout.ts';

export class ServingWorkers {
  /** How many there are when all is well. */
  readonly size: number;
  readonly #words: Int32Array;
  readonly #word: number;
  readonly #slots: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.size = layout.workers;
    this.#words = words;
    this.#word = layout.servingWord;
    this.#slots = layout.slots;
  }

  get serving(): number {
    return Atomics.load(this.#words, this.#word);
  }

  /** Main. */
  publish(serving: number): void {
    invariant(serving >= 0 && serving <= this.#slots, 'No more workers serve than there are slots.');
    Atomics.store(this.#words, this.#word, serving);
  }
}
