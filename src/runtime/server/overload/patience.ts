/**
 * How long a request may wait in the queue: MAX_QUEUE_WAIT_MS, or less while clients show that they do not
 * wait for so long. Main thread, part of overload.ts.
 *
 * A queue that is served in order and whose clients give up is the worst case of overload. Each request comes
 * to its turn shortly before its client leaves, and is answered shortly after. All work is done for nobody. A
 * client can only give up by leaving, so main sees how long clients wait. It then lets requests wait for half
 * of that, and who is let in is answered in time. Clients that wait lose nothing by it while nobody leaves.
 */

/**
 * A wait that says nothing about the patience of clients. However soon clients leave, and whoever makes them,
 * the limit does not fall below it.
 */
const SHORT_WAIT_MS = 250;
/** Weight of one client that leaves. A few do not change much. */
const SMOOTHING = 1 / 8;
/** When the queue was not too long for this time, clients may have become patient again. */
const FORGET_MS = 10_000;

export class Patience {
  readonly #most: number;
  /** Moving mean of the time after which clients have left. */
  #mean: number;
  #neededAt = 0;

  /** @param maxQueueWaitMs the limit while nobody leaves */
  constructor(maxQueueWaitMs: number) {
    this.#most = maxQueueWaitMs;
    this.#mean = 2 * maxQueueWaitMs;
  }

  /** A client has left after it had waited for so long. */
  left(waited: number, now: number): void {
    if (waited < SHORT_WAIT_MS) return;
    this.#mean += (Math.min(waited, 2 * this.#most) - this.#mean) * SMOOTHING;
    this.#neededAt = now;
  }

  /** A request was refused because of the limit, so the limit is still needed. */
  needed(now: number): void {
    this.#neededAt = now;
  }

  /** In milliseconds. */
  limit(now: number): number {
    if (now - this.#neededAt > FORGET_MS) this.#mean = 2 * this.#most;
    return Math.min(this.#most, Math.max(SHORT_WAIT_MS, this.#mean / 2));
  }
}
