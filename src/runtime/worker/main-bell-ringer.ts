/**
 * Wakes the main thread when a worker has published something. Main would wake for every record if each rang
 * at once. So the bell waits until the batch of the worker's loop has ended, and outside a batch until the
 * present round of the event loop has: the handlers that a reply of the database lets go on answer together.
 * It rings before any step that may take long. See memory/synchronization/parking.ts for why no wake-up is
 * lost.
 */

import type { MainBell } from '../memory/synchronization/parking.ts';
import { BELL, type ToMain } from './messages.ts';

export class MainBellRinger {
  readonly #bell: MainBell;
  readonly #post: (message: ToMain) => void;
  #isInBatch = false;
  #owesRing = false;
  #isScheduled = false;

  constructor(bell: MainBell, post: (message: ToMain) => void) {
    this.#bell = bell;
    this.#post = post;
  }

  /** After publishing: main will be woken if it sleeps. */
  ring(): void {
    this.#owesRing = true;
    if (this.#isInBatch || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#endRound);
  }

  beginBatch(): void {
    this.#isInBatch = true;
  }

  /** Rings now, if something was published since the last time. */
  flush(): void {
    if (!this.#owesRing) return;
    this.#owesRing = false;
    if (this.#bell.takeRing()) this.#post(BELL);
  }

  endBatch(): void {
    this.#isInBatch = false;
    this.flush();
  }

  readonly #endRound = (): void => {
    this.#isScheduled = false;
    this.flush();
  };
}
