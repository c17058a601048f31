/**
 * Sleeping until another thread says that something protected by a mutex has changed. Workers block on it,
 * the main thread waits asynchronously. Any thread notifies, with or without the mutex.
 *
 * Protocol: one word of shared memory, a sequence number that every notification raises and that may wrap. A
 * waiter reads it while it holds the mutex and sleeps only while it is unchanged.
 *
 * No wake-up is lost. A notifier changes the condition under the mutex. If it does so before the waiter
 * looks, the waiter does not wait. Otherwise the waiter has already read the number and unlocked. Then either
 * the raised number keeps it from sleeping, or it stands in the list that is notified.
 *
 * Wake-ups may be spurious. One notification wakes one sleeper and also those that were about to sleep, and a
 * death wakes all. So wait in a loop that looks at the condition:
 *
 *     using guard = mutex.lock();
 *     while (queue.isEmpty()) notEmpty.wait(guard);
 *
 * The number wraps after 2³² notifications. A waiter would miss one only if exactly a multiple of 2³² of them
 * fell between its two steps: minutes of notifying within microseconds.
 */
import { type MutexGuard, refuseToBlockMain } from './mutex.ts';

export class ConditionVariable {
  readonly #words: Int32Array;
  readonly #index: number;

  /**
   * @param words shared memory
   * @param index the sequence number's word in `words`. Nothing else touches it, any start value will do
   */
  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
    // Throws a RangeError now, rather than at the first use, if there is no such word.
    Atomics.load(words, index);
  }

  /**
   * Unlocks, blocks until notified, locks again. Workers only.
   * @returns false if nobody notified within `timeoutMs`. The mutex is held again in either case, and waiting
   *   for it may take longer.
   */
  wait(guard: MutexGuard, timeoutMs: number = Number.POSITIVE_INFINITY): boolean {
    refuseToBlockMain('wait() blocks its thread: the main thread uses waitAsync()');
    const sequence = this.#readThenUnlock(guard);
    const outcome = Atomics.wait(this.#words, this.#index, sequence, timeoutMs);
    guard.mutex.acquire(Number.POSITIVE_INFINITY);
    guard.endWait();
    return outcome !== 'timed-out';
  }

  /** Like `wait`, without blocking. A pending wait does not keep the thread's event loop alive. */
  async waitAsync(guard: MutexGuard, timeoutMs: number): Promise<boolean> {
    const sequence = this.#readThenUnlock(guard);
    const waiting = Atomics.waitAsync(this.#words, this.#index, sequence, timeoutMs);
    const outcome = waiting.async ? await waiting.value : waiting.value;
    await guard.mutex.acquireAsync(Number.POSITIVE_INFINITY);
    guard.endWait();
    return outcome !== 'timed-out';
  }

  /** Wakes the waiter that has slept longest, if there is any. */
  notifyOne(): void {
    this.#notify(1);
  }

  /**
   * Wakes all waiters. Main also calls it after a worker's 'exit': the dead thread may have been given a
   * `notifyOne` on which it did not act.
   */
  notifyAll(): void {
    this.#notify(Number.POSITIVE_INFINITY);
  }

  #notify(count: number): void {
    // Raise, then notify. A waiter that compares after the raise does not sleep. A waiter that compared
    // before it is in the list. The list is first in, first out, so a later waiter cannot take the wake-up of
    // an earlier one.
    Atomics.add(this.#words, this.#index, 1);
    Atomics.notify(this.#words, this.#index, count);
  }

  #readThenUnlock(guard: MutexGuard): number {
    // Read before unlocking: no notification that follows a change under the mutex can precede this read.
    const sequence = Atomics.load(this.#words, this.#index);
    guard.beginWait(); // Throws if the guard does not hold its mutex.
    return sequence;
  }
}
