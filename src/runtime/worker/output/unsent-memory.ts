/**
 * Counts the responses that a worker holds because their clients have not taken them yet. Without a bound, a
 * few hundred clients that do not read would exhaust the memory. OUTBOUND_MEMORY_MB bounds the sum over all
 * workers, so each worker publishes its own sum (memory/workers/worker-words.ts). Worker threads only.
 */

import type { WorkerWords } from '../../memory/workers/worker-words.ts';

/** A response of up to this size may always wait, because the number of connections bounds the sum. */
const SMALL_BYTES = 16_384;
const KILOBYTE = 1_024;

export class UnsentMemory {
  readonly #words: WorkerWords;
  readonly #limitKilobytes: number;
  readonly #heldByMain: () => number;
  #bytes = 0;

  /**
   * @param heldByMain kilobytes that wait in the queues of the sockets, which count against the same limit
   */
  constructor(words: WorkerWords, limitMb: number, heldByMain: () => number) {
    this.#words = words;
    this.#limitKilobytes = limitMb * KILOBYTE;
    this.#heldByMain = heldByMain;
  }

  /**
   * Several workers may ask simultaneously and each may get room. So the sum exceeds the bound by at most one
   * response per worker.
   * @returns a handle to dispose of when the bytes are sent or given up, or null if there is no room for them
   */
  hold(bytes: number): Disposable | null {
    if (bytes > SMALL_BYTES && !this.#hasRoomFor(bytes)) return null;
    this.#count(bytes);
    return { [Symbol.dispose]: () => this.#count(-bytes) };
  }

  #hasRoomFor(bytes: number): boolean {
    const held = this.#words.unsentKilobytesOfAll + this.#heldByMain();
    return held + bytes / KILOBYTE <= this.#limitKilobytes;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#words.unsentKilobytes = Math.ceil(this.#bytes / KILOBYTE);
  }
}
