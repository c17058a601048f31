/**
 * A timer for a deadline that may be suspended. If its time is over while the deadline is suspended, the
 * timer starts again.
 */
export class SuspendableTimer implements Disposable {
  readonly #milliseconds: number;
  readonly #isSuspended: () => boolean;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout;

  constructor(milliseconds: number, isSuspended: () => boolean, onOver: () => void) {
    this.#milliseconds = milliseconds;
    this.#isSuspended = isSuspended;
    this.#onOver = onOver;
    this.#timer = this.#begin();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #begin(): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#isSuspended()) this.#timer = this.#begin();
      else this.#onOver();
    }, this.#milliseconds);
  }
}
