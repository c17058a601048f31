/**
 * Wakes the main thread when a worker has published something. The worker's loop puts that off while it
 * serves a batch: main would wake for every record, find nothing more and sleep again. It rings before
 * anything that may take its time. See memory/synchronization/parking.ts for why no wake-up is lost.
 */

import type { MainBell } from '../memory/synchronization/parking.ts';
import { BELL, type ToMain } from './messages.ts';

export class MainBellRinger {
  readonly #bell: MainBell;
  readonly #post: (message: ToMain) => void;
  #isInBatch = false;
  #owesRing = false;

  constructor(bell: MainBell, post: (message: ToMain) => void) {
    this.#bell = bell;
    this.#post = post;
  }

  /** After something was published: wakes main if it sleeps. In a batch, `flush` does so later. */
  ring(): void {
    if (this.#isInBatch) this.#owesRing = true;
    else this.#ringNow();
  }

  beginBatch(): void {
    this.#isInBatch = true;
  }

  /** Rings now, if something was published in this batch. */
  flush(): void {
    if (!this.#owesRing) return;
    this.#owesRing = false;
    this.#ringNow();
  }

  endBatch(): void {
    this.#isInBatch = false;
    this.flush();
  }

  #ringNow(): void {
    if (this.#bell.takeRing()) this.#post(BELL);
  }
}
