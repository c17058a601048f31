/** Asks the main thread for the metrics of the whole process. Worker threads only. */

export class CollectedMetrics {
  readonly #ask: () => void;
  #pending: PromiseWithResolvers<string> | null = null;

  /** @param ask sends the question. The answer comes to `received` */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** All who ask before the answer has come share it. Rejects if main could not collect them. */
  collect(): Promise<string> {
    if (this.#pending === null) {
      this.#pending = Promise.withResolvers<string>();
      this.#ask();
    }
    return this.#pending.promise;
  }

  received(text: string | null): void {
    const pending = this.#pending;
    this.#pending = null;
    if (text === null) pending?.reject(new Error('The main thread could not collect the metrics'));
    else pending?.resolve(text);
  }
}
