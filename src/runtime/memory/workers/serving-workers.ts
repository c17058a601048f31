/**
 * How many workers take requests at this moment, which of them is the first, and whether all have served at
 * one time. Main writes the word whenever that changes, and anyone reads it.
 */

import { invariant } from '../../../platform/invariant.ts';
import type { SharedMemory } from '../layout.ts';

/** The lowest bits of the word: the number of workers. */
const COUNT_BITS = 0xffff;
/** Once this bit is set, it stays. */
const WAS_COMPLETE = 1 << 16;
/** The highest bits: the slot of the first worker. */
const FIRST_SHIFT = 17;

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
    return Atomics.load(this.#words, this.#word) & COUNT_BITS;
  }

  /** The slot of the first of them, which light requests prefer, or undefined if none serves. */
  get first(): number | undefined {
    const word = Atomics.load(this.#words, this.#word);
    return (word & COUNT_BITS) === 0 ? undefined : word >>> FIRST_SHIFT;
  }

  /** The server has started, but not all of its workers. */
  get isFilling(): boolean {
    return (Atomics.load(this.#words, this.#word) & WAS_COMPLETE) === 0;
  }

  /** Main. @param serving the slots of the workers that take requests, in ascending order */
  publish(serving: readonly number[]): void {
    const count = serving.length;
    invariant(count <= this.#slots, 'No more workers serve than there are slots.');
    const [first = 0] = serving;
    const wasComplete = count >= this.size || !this.isFilling;
    const word = count | (wasComplete ? WAS_COMPLETE : 0) | (first << FIRST_SHIFT);
    Atomics.store(this.#words, this.#word, word);
  }
}
