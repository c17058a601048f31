/**
 * Reports a period in which requests are refused: once when it begins, and once, with their number, at its
 * end.
 */

import type { RuntimeLogger } from '../runtime-logger.ts';

/** Without a refusal for so long, the period is over. */
const QUIET_MS = 5_000;

export class RefusalLog {
  readonly #logger: RuntimeLogger;
  #count = 0;
  #lastAt = 0;

  constructor(logger: RuntimeLogger) {
    this.#logger = logger;
  }

  refused(now: number): void {
    if (this.#count === 0)
      this.#logger.warn({}, 'Requests are refused, because they would wait for too long');
    this.#count++;
    this.#lastAt = now;
  }

  /** Called again and again. */
  look(now: number): void {
    if (this.#count === 0 || now - this.#lastAt < QUIET_MS) return;
    this.#logger.info({ refused: this.#count }, 'No more requests are refused');
    this.#count = 0;
  }
}
