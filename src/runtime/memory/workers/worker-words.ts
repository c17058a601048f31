/**
 * The control words of each worker slot. Each word has one writer, except where it says otherwise.
 *
 * | line | word            | written by                              | read by           |
 * | ---- | --------------- | --------------------------------------- | ----------------- |
 * | 0    | claim           | the worker, main after its 'exit'       | main              |
 * | 0    | current         | the worker                              | main              |
 * | 0    | begun           | the worker (recent-requests.ts)         | main              |
 * | 1    | inFlight        | the worker                              | main, all workers |
 * | 1    | meanNanoseconds | the worker                              | main              |
 * | 1    | heavy           | the worker                              | main              |
 * | 1    | unsentKilobytes | the worker                              | all workers       |
 * | 2    | ringWait        | set by the worker, cleared by who rings | main              |
 * | 3    | recent requests | the worker (recent-requests.ts)         | main              |
 *
 * Line 0 changes with every turn, and main looks at it only when the worker is dead or seems stuck. The words
 * that main reads in every round are on another line, so that this line stays in its cache.
 */

import { type Layout, type SharedMemory, workerLine } from '../layout.ts';
import { LINE_WORDS, NO_CLAIM, NO_CONNECTION } from '../protocol.ts';

const CURRENT = 1;
const IN_FLIGHT = LINE_WORDS;
const MEAN_NANOSECONDS = LINE_WORDS + 1;
const HEAVY = LINE_WORDS + 2;
const UNSENT_KILOBYTES = LINE_WORDS + 3;
const RING_WAIT = 2 * LINE_WORDS;

export class WorkerWords {
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #layout: Layout;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    this.#words = words;
    this.#layout = layout;
    this.#base = workerLine(layout, slot, 0);
  }

  /** Index of the claim word, for `ReadyQueue.pop`. */
  get claimWord(): number {
    return this.#base;
  }

  get claim(): number {
    return Atomics.load(this.#words, this.#base);
  }

  clearClaim(): void {
    // A plain store: it follows the compare-and-swap that took the connection, so no thread sees it earlier.
    this.#words[this.#base] = NO_CLAIM;
  }

  /** The connection whose handler runs synchronously at this moment, or NO_CONNECTION. */
  get current(): number {
    return Atomics.load(this.#words, this.#base + CURRENT);
  }

  set current(connection: number) {
    // A plain store: main reads it after the worker's 'exit', or to find the handler in which a worker has
    // been for seconds. Every record is published later by an atomic store. So once main has drained the end
    // of a turn, it no longer reads that turn's connection here.
    this.#words[this.#base + CURRENT] = connection;
  }

  /** Handlers that returned a promise and have not finished. */
  get inFlight(): number {
    return Atomics.load(this.#words, this.#base + IN_FLIGHT);
  }

  set inFlight(count: number) {
    Atomics.store(this.#words, this.#base + IN_FLIGHT, count);
  }

  /** `inFlight` of another slot. */
  inFlightOf(slot: number): number {
    return Atomics.load(this.#words, workerLine(this.#layout, slot, 0) + IN_FLIGHT);
  }

  /** Moving mean of what one turn costs this worker, in nanoseconds. */
  get meanNanoseconds(): number {
    return Atomics.load(this.#words, this.#base + MEAN_NANOSECONDS);
  }

  set meanNanoseconds(value: number) {
    Atomics.store(this.#words, this.#base + MEAN_NANOSECONDS, value);
  }

  /**
   * The worker runs a handler of a heavy route. Meanwhile it does not count as awake
   * (server/dispatch/dispatcher.ts).
   */
  get isHeavy(): boolean {
    return Atomics.load(this.#words, this.#base + HEAVY) !== 0;
  }

  set isHeavy(heavy: boolean) {
    Atomics.store(this.#words, this.#base + HEAVY, heavy ? 1 : 0);
  }

  /** Kilobytes of responses that wait on the worker's heap for their clients to take them. */
  set unsentKilobytes(kilobytes: number) {
    Atomics.store(this.#words, this.#base + UNSENT_KILOBYTES, kilobytes);
  }

  /** `unsentKilobytes` of all slots together. */
  get unsentKilobytesOfAll(): number {
    let sum = 0;
    for (let slot = 0; slot < this.#layout.slots; slot++) {
      sum += Atomics.load(this.#words, workerLine(this.#layout, slot, 0) + UNSENT_KILOBYTES);
    }
    return sum;
  }

  /** The worker waits for room in its ring: set, look again, sleep. */
  setRingWait(): void {
    Atomics.store(this.#words, this.#base + RING_WAIT, 1);
  }

  /** @returns whether the worker had been waiting */
  takeRingWait(): boolean {
    return (
      Atomics.load(this.#words, this.#base + RING_WAIT) === 1 &&
      Atomics.exchange(this.#words, this.#base + RING_WAIT, 0) === 1
    );
  }

  /** Main, before a slot gets a new thread: clears the words of the old one. */
  reset(): void {
    this.clearClaim();
    this.current = NO_CONNECTION;
    this.inFlight = 0;
    this.isHeavy = false;
    this.meanNanoseconds = 0;
    this.unsentKilobytes = 0;
    this.takeRingWait();
  }
}
