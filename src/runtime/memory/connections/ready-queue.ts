/**
 * The ready queue: numbers of connections that have bytes to look at. It is a lock-free ring with one
 * producer, the main thread, and many consumers, the workers.
 *
 * Positions are 32-bit counters that only grow and wrap around. An entry lies at `position & mask`.
 *
 * - Only main writes `tail`, after the entry: a thread that sees the tail sees the entry.
 * - `head` is moved by compare-and-swap. A consumer reads the entry before it moves the head. Only a push at
 *   `head + capacity` can overwrite the entry. A number stands in the queue at most once, and there are more
 *   places than connections. So that push cannot come before the head has moved, and then the
 *   compare-and-swap of a consumer that read the old entry fails.
 * - Before a consumer moves the head, it writes the position into its claim word. If the worker dies after
 *   the move and before it takes the connection, the connection is READY, its position is passed, and no
 *   living worker claims it. Main finds such a connection and queues it again (server/workers/orphans.ts).
 * - Main may pop too, an entry that nobody waits for any more (server/dispatch/overload.ts). It is one more
 *   consumer, but claims nothing: it takes the connection in the same event, and nobody outlives it.
 */

import type { SharedMemory } from '../layout.ts';
import { claimOf, NO_CLAIM } from '../protocol.ts';

/** Answer of `pop` when there is nothing. */
export const QUEUE_EMPTY = -1;

export class ReadyQueue {
  readonly #words: Int32Array;
  readonly #head: number;
  readonly #tail: number;
  readonly #entries: number;
  readonly #mask: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.#words = words;
    this.#head = layout.queueHeadWord;
    this.#tail = layout.queueTailWord;
    this.#entries = layout.queueWord;
    this.#mask = layout.queueCapacity - 1;
  }

  /** The position of the next entry to be popped. */
  get head(): number {
    return Atomics.load(this.#words, this.#head);
  }

  /** Main only: the position of the next push. */
  get tail(): number {
    return Atomics.load(this.#words, this.#tail);
  }

  /** Main only, which alone writes entries: the number at a position between head and tail. */
  at(position: number): number {
    return this.#words[this.#entries + (position & this.#mask)] as number;
  }

  /** Entries that wait. */
  get length(): number {
    const head = Atomics.load(this.#words, this.#head);
    return (Atomics.load(this.#words, this.#tail) - head) | 0;
  }

  /**
   * Main only. Cannot overflow: see above.
   * @returns the position of the entry
   */
  push(connection: number): number {
    const tail = Atomics.load(this.#words, this.#tail);
    this.#words[this.#entries + (tail & this.#mask)] = connection;
    Atomics.store(this.#words, this.#tail, (tail + 1) | 0);
    return tail;
  }

  /**
   * Workers. The caller clears its claim word once the connection's state says that it is RUNNING.
   * @param claimWord this worker's claim word, which holds `claimOf(position)` while it claims a position
   * @returns a connection number, or QUEUE_EMPTY
   */
  pop(claimWord: number): number {
    for (;;) {
      const head = Atomics.load(this.#words, this.#head);
      if (head === Atomics.load(this.#words, this.#tail)) {
        this.#words[claimWord] = NO_CLAIM;
        return QUEUE_EMPTY;
      }
      const connection = this.#words[this.#entries + (head & this.#mask)] as number;
      // A plain store, like that of the entry. The compare-and-swap below orders both for any thread that
      // sees the moved head.
      this.#words[claimWord] = claimOf(head);
      if (Atomics.compareExchange(this.#words, this.#head, head, (head + 1) | 0) === head) {
        return connection;
      }
    }
  }

  /** Main: pops the entry at that position. @returns false if it is not the head any more */
  popAt(position: number): boolean {
    return Atomics.compareExchange(this.#words, this.#head, position, (position + 1) | 0) === position;
  }

  /** Whether the head has moved beyond a position that `push` returned (wrap-around included). */
  hasPassed(position: number): boolean {
    return ((this.head - position) | 0) > 0;
  }
}
