/**
 * Wakes the main thread when a worker has published something. The worker's loop delays the bell while it
 * serves a batch, because main would otherwise wake for every record. It rings before any step that may take
 * long. See memory/synchronization/parking.ts for why no wake-up is lost.
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

  /** After publishing: wakes main if it sleeps. In a batch, `flush` does so later. */
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
