/**
 * How long a request would wait that came now. Main thread, part of overload.ts, which tells it at each look
 * what the queue does.
 *
 * It is the longest of these:
 *
 *  - how long the head of the queue has waited.
 *  - how long no worker has taken anything or was free to. What has stood still for seconds is expected to
 *    stand still for as long again. It counts even if the queue is empty because everything was refused.
 *  - the length of the queue at the speed with which workers empty it. A speed that was measured for a moment
 *    may be that of cold code, so it counts up to TRUST times what the head has really waited.
 */

const TRUST = 4;
/** Older measurements of the speed count half, as often as that is over. */
const HALF_LIFE_MS = 500;

export interface QueueView {
  readonly now: number;
  readonly head: number;
  readonly length: number;
  /** How long the head of the queue has waited, 0 if the queue is empty. */
  readonly waited: number;
  /** A worker sleeps that would take a request. */
  readonly isAnyoneFree: boolean;
}

export class ExpectedWait {
  #head = 0;
  #time = 0;
  #wasWaiting = false;
  /** When a worker was last free, or had taken something since the look before. */
  #servedAt = 0;
  /** Entries that workers took, and the time, while there were always some. */
  #taken = 0;
  #elapsed = 0;

  /** The first workers serve from now on. */
  begin(now: number): void {
    this.#servedAt = now;
  }

  /** @returns milliseconds */
  look(view: QueueView): number {
    const { now, length, waited } = view;
    this.#measure(view);
    const bySpeed = (length * this.#elapsed) / Math.max(1, this.#taken);
    return Math.max(waited, this.stalled(now), Math.min(bySpeed, TRUST * waited));
  }

  /** For how long no worker has taken anything or was free to. */
  stalled(now: number): number {
    return now - this.#servedAt;
  }

  /** Main has popped entries itself, which says nothing about the workers. */
  popped(count: number): void {
    this.#head = (this.#head + count) | 0;
  }

  #measure({ now, head, length, isAnyoneFree }: QueueView): void {
    const taken = (head - this.#head) | 0;
    if (taken > 0 || isAnyoneFree) this.#servedAt = now;
    if (this.#wasWaiting) {
      this.#taken += taken;
      this.#elapsed += now - this.#time;
    } else {
      this.#taken = 0;
      this.#elapsed = 0;
    }
    if (this.#elapsed > HALF_LIFE_MS) {
      this.#taken /= 2;
      this.#elapsed /= 2;
    }
    this.#head = head;
    this.#time = now;
    this.#wasWaiting = length > 0;
  }
}
