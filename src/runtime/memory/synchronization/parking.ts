/**
 * Parking and waking: who sleeps, and who must be rung.
 *
 * A worker parks in three steps: it sets its bit, looks once more at everything that could need it, and
 * returns to its event loop. Main pushes work first and looks at the bits afterwards. Atomics are
 * sequentially consistent, so one of the two sees the other: either the worker sees the work, or main sees
 * the bit.
 *
 * Main clears a bit to wake the worker, and a worker clears its own when it has found work. The old value
 * tells the thread that clears a bit whether it was first. Only main rings, and only for a bit that it
 * cleared itself.
 *
 * The other direction is the same with one word. Main sets its bell word, looks again at all rings, then
 * sleeps. A worker publishes its record first and looks at the word afterwards. The thread that takes the
 * word from 1 to 0 rings.
 */

import type { SharedMemory } from '../layout.ts';

export class ParkedWorkers {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #count: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#words = words;
    this.#first = layout.parkedWord;
    this.#count = layout.parkedWords;
  }

  /** The worker itself. It must look again at its work after this. */
  park(slot: number): void {
    Atomics.or(this.#words, this.#first + (slot >>> 5), 1 << slot);
  }

  /**
   * Main, to wake a worker, or the worker itself, which found work.
   * @returns whether the bit was set. If so, main rings
   */
  unpark(slot: number): boolean {
    return (Atomics.and(this.#words, this.#first + (slot >>> 5), ~(1 << slot)) & (1 << slot)) !== 0;
  }

  isParked(slot: number): boolean {
    return (Atomics.load(this.#words, this.#first + (slot >>> 5)) & (1 << slot)) !== 0;
  }

  get any(): boolean {
    for (let word = 0; word < this.#count; word++) {
      if (Atomics.load(this.#words, this.#first + word) !== 0) return true;
    }
    return false;
  }
}

/** The bell word of the main thread. */
export class MainBell {
  readonly #words: Int32Array;
  readonly #word: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#words = words;
    this.#word = layout.mainBellWord;
  }

  get isParked(): boolean {
    return Atomics.load(this.#words, this.#word) !== 0;
  }

  /** Main. It must look again at every ring after this. */
  park(): void {
    Atomics.store(this.#words, this.#word, 1);
  }

  unpark(): void {
    Atomics.store(this.#words, this.#word, 0);
  }

  /**
   * A worker, after it has published something.
   * @returns whether main was parked and this caller is the one to ring
   */
  takeRing(): boolean {
    return Atomics.load(this.#words, this.#word) === 1 && Atomics.exchange(this.#words, this.#word, 0) === 1;
  }
}
