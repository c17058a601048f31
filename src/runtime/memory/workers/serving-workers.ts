/**
 * How many workers take requests at this moment, and whether all have done so at one time. Main writes the
 * word whenever that changes, and anyone reads it.
 */

import { invariant } from '../../../platform/invariant.ts';
import type { SharedMemory } from '../layout.ts';

/** In the word, above the number. Once it is set, it stays. */
const WAS_COMPLETE = 1 << 16;

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
    return Atomics.load(this.#words, this.#word) & ~WAS_COMPLETE;
  }

  /** The server has started, but not all of its workers. */
  get isFilling(): boolean {
    return (Atomics.load(this.#words, this.#word) & WAS_COMPLETE) === 0;
  }

  /** Main. */
  publish(serving: number): void {
    invariant(serving >= 0 && serving <= this.#slots, 'No more workers serve than there are slots.');
    const wasComplete = serving >= this.size || !this.isFilling;
    Atomics.store(this.#words, this.#word, wasComplete ? serving | WAS_COMPLETE : serving);
  }
}
