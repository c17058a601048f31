/**
 * One boolean that every thread sees: running, draining, ready. Any thread sets, clears and reads it. A
 * worker may block until it changes. The main thread waits for it only asynchronously.
 *
 * Protocol: one word of shared memory, 0 (clear) or 1 (set). Zeroed memory is a clear flag. A thread that
 * changes the word then notifies all threads that wait on it.
 */
export class AtomicFlag {
  readonly #words: Int32Array;
  readonly #index: number;

  /**
   * @param words shared memory
   * @param index the flag's word in `words`. Nothing else writes it
   */
  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
    // Throws a RangeError now, rather than at the first use, if there is no such word.
    Atomics.load(words, index);
  }

  isSet(): boolean {
    return Atomics.load(this.#words, this.#index) === SET;
  }

  /** The same, read plainly: for code that runs often, and may see a change a moment later. */
  get wasSet(): boolean {
    return this.#words[this.#index] === SET;
  }

  set(): void {
    this.testAndSet();
  }

  /** Sets the flag and says whether it was set before: of several threads, exactly one reads `false`. */
  testAndSet(): boolean {
    return this.#change(SET) === SET;
  }

  clear(): void {
    this.#change(CLEAR);
  }

  /**
   * Blocks this thread while the flag is `seen`. The main thread must not be blocked. It uses `waitAsync`.
   *
   * Pass the value on which the decision to wait was based. If the flag has changed since then, this call
   * returns at once. Without the value only changes after this call are seen. A flag that was changed and
   * changed back looks unchanged.
   * @returns false if the flag was still `seen` after `timeoutMs`
   */
  wait(timeoutMs: number, seen: boolean = this.isSet()): boolean {
    const expected = seen ? SET : CLEAR;
    // For the threads that notify, compare and sleep are one step, so no change can come in between.
    if (Atomics.wait(this.#words, this.#index, expected, timeoutMs) !== 'timed-out') return true;
    return this.isSet() !== seen;
  }

  /** Like `wait`, without blocking. A pending wait does not keep the thread's event loop alive. */
  async waitAsync(timeoutMs: number, seen: boolean = this.isSet()): Promise<boolean> {
    const expected = seen ? SET : CLEAR;
    const waiting = Atomics.waitAsync(this.#words, this.#index, expected, timeoutMs);
    const outcome = waiting.async ? await waiting.value : waiting.value;
    return outcome !== 'timed-out' || this.isSet() !== seen;
  }

  #change(value: number): number {
    // Change first, then notify: a waiter either compares after the change and does not sleep, or is
    // already in the list that is notified.
    const before = Atomics.exchange(this.#words, this.#index, value);
    if (before !== value) Atomics.notify(this.#words, this.#index);
    return before;
  }
}

const CLEAR = 0;
const SET = 1;
