/**
 * Decides whether one more worker is to be woken. Waking a thread costs more than serving a small request, so the
 * answer is no unless (a) nobody is awake, (b) those who are awake make no progress, or (c) the backlog is worth
 * more than the wake-up and there is a processor for it. (d), that no worker collects asynchronous requests while
 * another is idle, is kept by the workers themselves (worker/request-loop.ts): one that is full parks, which
 * makes it count as not awake here.
 */

import { availableParallelism } from 'node:os';

/** More awake workers than this share the processors without serving more. */
const PROCESSORS = availableParallelism();

/** How long the queue's head may stand still before the awake workers are taken to be busy; the shortest time of a timer. */
export const STALL_MS = 1;
/** Backlog per awake worker that is worth a wake-up, in nanoseconds of mean service time. */
const WORTHWHILE_NANOSECONDS = 1_000_000;

export interface WakeView {
  readonly now: number;
  readonly head: number;
  readonly backlog: number;
  /** Workers that will look at the queue soon. */
  readonly awake: number;
  /** Mean time of a turn, over the workers. */
  readonly meanNanoseconds: number;
}

export class WakePolicy {
  #head = 0;
  #since = 0;

  /** Called at every poll with a backlog; a `true` is taken to be followed by the wake-up. */
  shouldWake(view: WakeView): boolean {
    if (view.head !== this.#head) {
      this.#head = view.head;
      this.#since = view.now;
    }
    const wake =
      view.awake <= 0 ||
      view.now - this.#since >= STALL_MS ||
      (view.awake < PROCESSORS &&
        (view.backlog * view.meanNanoseconds) / view.awake > WORTHWHILE_NANOSECONDS);
    if (wake) this.#since = view.now;
    return wake;
  }
}
