/**
 * What a worker holds of responses that their clients have not taken yet. Without a bound, a few hundred clients that do
 * not read would take all the memory there is: so OUTBOUND_MEMORY_MB bound it, for all workers together. Each worker
 * publishes its own sum (memory/worker-words.ts).
 */

import type { WorkerWords } from '../../memory/workers/worker-words.ts';

/** What is no larger may always wait: the number of connections bounds it. */
const SMALL_BYTES = 16_384;
const KILOBYTE = 1_024;

export class UnsentMemory {
  readonly #words: WorkerWords;
  readonly #limitKilobytes: number;
  #bytes = 0;

  constructor(words: WorkerWords, limitMb: number) {
    this.#words = words;
    this.#limitKilobytes = limitMb * KILOBYTE;
  }

  /**
   * Several workers may ask at once and each be told yes: the bound is exceeded by one response of each at most.
   * @returns to be disposed of when the bytes are sent or given up; null where there is no room for them
   */
  hold(bytes: number): Disposable | null {
    if (bytes > SMALL_BYTES && !this.#hasRoomFor(bytes)) return null;
    this.#count(bytes);
    return { [Symbol.dispose]: () => this.#count(-bytes) };
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#words.unsentKilobytesOfAll + bytes / KILOBYTE <= this.#limitKilobytes;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#words.unsentKilobytes = Math.ceil(this.#bytes / KILOBYTE);
  }
}
