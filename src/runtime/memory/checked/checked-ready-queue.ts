/** The ready queue with its rules checked, on both sides: main pushes, workers pop. */

import { invariant } from '../../../platform/invariant.ts';
import { QUEUE_EMPTY, ReadyQueue } from '../connections/ready-queue.ts';
import type { SharedMemory } from '../layout.ts';

export class CheckedReadyQueue extends ReadyQueue {
  readonly #shared: Pick<SharedMemory, 'words' | 'layout'>;

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>) {
    super(shared);
    this.#shared = shared;
  }

  override push(connection: number): number {
    invariant(this.#isConnection(connection), 'Main pushes the number of a connection.');
    invariant(!this.#holds(connection), 'Queued once: a number stands in the ready queue at most once.');
    invariant(this.length < this.#shared.layout.queueCapacity, 'The ready queue does not overflow.');
    return super.push(connection);
  }

  override pop(claimWord: number): number {
    const connection = super.pop(claimWord);
    const isExpected = connection === QUEUE_EMPTY || this.#isConnection(connection);
    invariant(isExpected, 'A worker pops the number of a connection.');
    return connection;
  }

  override popAt(position: number): boolean {
    const tail = Atomics.load(this.#shared.words, this.#shared.layout.queueTailWord);
    invariant(position !== tail, 'Main pops an entry that there is.');
    return super.popAt(position);
  }

  /**
   * Workers may move the head meanwhile. An entry after the head as read here was not popped before the push.
   */
  #holds(connection: number): boolean {
    const { words, layout } = this.#shared;
    const mask = layout.queueCapacity - 1;
    const tail = Atomics.load(words, layout.queueTailWord);
    for (let position = this.head; position !== tail; position = (position + 1) | 0) {
      if (words[layout.queueWord + (position & mask)] === connection) return true;
    }
    return false;
  }

  #isConnection(number: number): boolean {
    return number >= 0 && number < this.#shared.layout.connections;
  }
}
