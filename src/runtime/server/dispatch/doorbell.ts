/**
 * The main thread's side of parking, part of the dispatcher. Main polls as long as that can lead to a
 * decision. Then it parks, and a worker that publishes something rings it. memory/synchronization/parking.ts
 * explains why no wake-up is lost.
 */

import type { MainBell } from '../../memory/synchronization/parking.ts';

export interface DoorbellOptions {
  readonly bell: MainBell;
  /** One round of work. @returns whether another round should follow at once */
  readonly poll: () => boolean;
  /** Checks again after the flag was set. @returns whether there is something to do after all */
  readonly lookAgain: () => boolean;
}

export class Doorbell {
  readonly #options: DoorbellOptions;
  /** Whether a round is scheduled. If not, main is parked with its bell word set. */
  #scheduled = false;
  #stopped = false;

  constructor(options: DoorbellOptions) {
    this.#options = options;
    options.bell.park();
  }

  /** There may be something to do: schedules a round, which runs after the sockets of this turn were read. */
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
    // The order matters: set the flag, look again, then sleep.
    this.#options.bell.park();
    if (this.#options.lookAgain()) {
      this.#options.bell.unpark();
      setImmediate(this.#round);
      return;
    }
    this.#scheduled = false;
  };
}
