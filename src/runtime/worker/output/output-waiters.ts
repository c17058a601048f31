/**
 * Turns that wait until the main thread has made room or extended credit. Waits are rare, so there is one
 * list for all connections, and every woken turn checks again. Worker threads only.
 */
export class OutputWaiters {
  #waiting: (() => void)[] = [];

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Wakes all turns, so that they check again. */
  notify(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
