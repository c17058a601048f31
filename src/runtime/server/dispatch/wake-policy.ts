/**
 * Decides whether one more worker is to be woken. Main thread, asked by the dispatcher in every round with a
 * backlog.
 *
 * Waking a thread costs more than serving a small request, and every further worker that serves light
 * requests costs memory, cold code and smaller batches. So a worker is woken only if one of these holds:
 *
 *  - (a) Nobody is awake who makes progress (see WorkerLoad.awake).
 *  - (b) There is a processor for one more worker, and the queue stands still.
 *  - (c) There is a processor for one more worker, and the backlog is worth more than the wake-up.
 */

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
  readonly #processors: number;
  #head = 0;
  #since = 0;

  /** @param processors with more awake workers than this, they share the processors and serve no more */
  constructor(processors: number) {
    this.#processors = processors;
  }

  /** Called in every round with a backlog. The caller wakes a worker when the answer is true. */
  shouldWake(view: WakeView): boolean {
    if (view.head !== this.#head) {
      this.#head = view.head;
      this.#since = view.now;
    }
    const wake = view.awake <= 0 || (view.awake < this.#processors && this.#isWorthOneMore(view));
    if (wake) this.#since = view.now;
    return wake;
  }

  #isWorthOneMore({ now, backlog, awake, meanNanoseconds }: WakeView): boolean {
    const isStanding = now - this.#since >= STALL_MS;
    return isStanding || (backlog * meanNanoseconds) / awake > WORTHWHILE_NANOSECONDS;
  }
}
