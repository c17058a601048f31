/** How long a whole call may take, with all its attempts, and the signal that ends it before. */

export class Deadline {
  readonly signal: AbortSignal | undefined;
  readonly #at: number;

  /** @param ms Infinity for a call without a limit */
  constructor(ms: number, signal: AbortSignal | undefined) {
    this.signal = signal;
    this.#at = performance.now() + ms;
  }

  get leftMs(): number {
    return this.#at - performance.now();
  }
}
