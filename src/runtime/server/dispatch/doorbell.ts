/**
 * The main thread's side of parking, part of the dispatcher. Main polls as long as that can lead to a
 * decision. Then it parks, and whoever publishes something rings it. memory/synchronization/parking.ts says
 * why no wake-up is lost.
 */

import type { MainBell } from '../../memory/synchronization/parking.ts';

export interface DoorbellOptions {
  readonly bell: MainBell;
  /** One round of work. @returns whether another round should follow at once */
  readonly poll: () => boolean;
  /** The look after the flag was set. @returns whether there is something to do after all */
  readonly lookAgain: () => boolean;
}

export class Doorbell {
  readonly #options: DoorbellOptions;
  /** A round is scheduled. Otherwise main is parked, with its bell word set. */
  #scheduled = false;
  #stopped = false;

  constructor(options: DoorbellOptions) {
    this.#options = options;
    options.bell.park();
  }

  /** Something may be there: schedules a round for when the sockets of this turn were read. */
  ring(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#options.bell.unpark();
    setImmediate(this.#round);
  }

  stop(): void {
    this.#stopped = true;
  }

  readonly #round = (): void => {
    if (this.#stopped) return;
    if (this.#options.poll()) {
      setImmediate(this.#round);
      return;
    }
    // The order is the whole point: the flag first, then the look, then sleep.
    this.#options.bell.park();
    if (this.#options.lookAgain()) {
      this.#options.bell.unpark();
      setImmediate(this.#round);
      return;
    }
    this.#scheduled = false;
  };
}
