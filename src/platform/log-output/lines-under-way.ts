/**
 * Bounds the lines of the log that travel from all worker threads to the main thread. A worker in a loop
 * could log faster than the main thread takes the lines, and they would fill the memory.
 *
 * One atomic counter: workers add before they send, main subtracts when it has received. Node.js delivers
 * what a thread has sent before its 'exit', however it ends, so the counter returns to 0. A second counter
 * has the lines that workers dropped. Workers add, and main takes its value.
 *
 * Both lie in a memory that threads inherit as environment data, so it must be there before a thread starts.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const NAME = 'cloudvm-backend log lines under way';
/** In characters. */
const MAX_UNDER_WAY = 4_194_304;
const UNDER_WAY = 0;
const DROPPED = 1;
const WORDS = 2;

export class LinesUnderWay {
  readonly #words: Int32Array;

  private constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Main thread: threads that start from now on share it. */
  static create(): LinesUnderWay {
    const memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
    setEnvironmentData(NAME, memory);
    return new LinesUnderWay(new Int32Array(memory));
  }

  /** @returns undefined if the thread that started this one takes no lines */
  static inherited(): LinesUnderWay | undefined {
    const memory = getEnvironmentData(NAME);
    return memory instanceof SharedArrayBuffer ? new LinesUnderWay(new Int32Array(memory)) : undefined;
  }

  /** @returns whether the line may be sent. If not, it counts as dropped. */
  mayLeave(length: number): boolean {
    if (Atomics.add(this.#words, UNDER_WAY, length) <= MAX_UNDER_WAY) return true;
    Atomics.sub(this.#words, UNDER_WAY, length);
    Atomics.add(this.#words, DROPPED, 1);
    return false;
  }

  hasArrived(length: number): void {
    Atomics.sub(this.#words, UNDER_WAY, length);
  }

  /** @returns how many lines were dropped since the last call */
  takeDropped(): number {
    return Atomics.exchange(this.#words, DROPPED, 0);
  }
}
