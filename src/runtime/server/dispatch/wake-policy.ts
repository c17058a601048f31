/**
 * Decides whether one more worker is to be woken. Main thread, asked by the dispatcher in every round with a
 * backlog.
 *
 * Waking a thread costs more than serving a small request. So a worker is woken only if one of these holds:
 *
 *  - (a) Nobody is awake.
 *  - (b) The workers that are awake make no progress.
 *  - (c) The backlog is worth more than the wake-up, and there is a processor for one more worker.
 *
 * (d) No worker collects asynchronous requests while another is idle. The workers keep this rule themselves:
 * a full worker parks, and so does not count as awake here.
 */

import { availableParallelism } from 'node:os';

/** With more awake workers than this, they share the processors and serve no more. */
const PROCESSORS = availableParallelism();

/** If the queue's head stands still for so long, the awake workers count as busy. No timer is shorter. */
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

  /** Called in every round with a backlog. The caller wakes a worker when the answer is true. */
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
