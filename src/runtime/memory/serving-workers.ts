/**
 * How many workers take requests at this moment: one word that main writes whenever it changes, and anyone reads.
 */

import type { SharedMemory } from './layout.ts';

export class ServingWorkers {
  /** That there are when all is well. */
  readonly size: number;
  readonly #words: Int32Array;
  readonly #word: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.size = layout.workers;
    this.#words = words;
    this.#word = layout.servingWord;
  }

  get serving(): number {
    return Atomics.load(this.#words, this.#word);
  }

  /** Main. */
  publish(serving: number): void {
    Atomics.store(this.#words, this.#word, serving);
  }
}
