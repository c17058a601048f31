/**
 * Bounds how long one round of the event loop takes on promises alone. A client can make a stream, or the
 * requests that it has pipelined, go on from promise to promise for as long as it reads. Meanwhile the worker
 * would serve nobody else, and answer no ping of the main thread. So whatever goes on by itself asks `pause`
 * before each step, and waits when the round has taken long enough. All share one round: a thousand streams
 * take no more of it than one. Worker threads only.
 */

const LONGEST_MS = 10;

export class EventLoopRound {
  readonly #now: () => number;
  #hasBegun = false;
  #since = 0;
  #next: Promise<void> | null = null;

  /** @param now milliseconds, for tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @returns a promise of the next round if this one has taken long enough, or undefined */
  pause(): Promise<void> | undefined {
    if (this.#next !== null) return this.#next;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#since = this.#now();
      setImmediate(this.#end);
      return undefined;
    }
    if (this.#now() - this.#since < LONGEST_MS) return undefined;
    // After `#end`, which was scheduled earlier.
    this.#next = new Promise((resolve) => {
      setImmediate(() => {
        this.#next = null;
        resolve();
      });
    });
    return this.#next;
  }

  readonly #end = (): void => {
    this.#hasBegun = false;
  };
}
