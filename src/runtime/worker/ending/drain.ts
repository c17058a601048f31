/**
 * Decides when a worker that takes no more requests has nothing left to do: every turn has ended, and every
 * handler has settled. A handler whose client was answered with 504 may never settle, so after some time the
 * worker no longer waits for it. RequestWorker reports the events, and ending.ts takes the next step. Worker
 * threads only.
 */

import type { HandlersInFlight } from '../handlers-in-flight.ts';

export interface DrainOptions {
  /** Turns that have not ended. */
  readonly turns: { readonly size: number };
  readonly handlers: Pick<HandlersInFlight, 'count' | 'stop'>;
  /** Called once. */
  readonly onDrained: () => void;
}

export class Drain {
  readonly #options: DrainOptions;
  #phase: 'not begun' | 'draining' | 'drained' = 'not begun';
  #waitsForLateHandlers = true;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get hasBegun(): boolean {
    return this.#phase !== 'not begun';
  }

  get isOver(): boolean {
    return this.#phase === 'drained';
  }

  begin(): void {
    if (this.hasBegun) return;
    this.#phase = 'draining';
    this.check();
  }

  /** Late handlers, whose clients were answered with 504, no longer keep the worker. */
  forgetLateHandlers(): void {
    this.#waitsForLateHandlers = false;
    this.check();
  }

  /** A turn has ended or a handler has settled. Does nothing while the worker does not drain. */
  check(): void {
    if (this.#phase !== 'draining') return;
    const { turns, handlers, onDrained } = this.#options;
    // A handler in time belongs to a turn, so a handler in flight without a turn is late.
    if (turns.size > 0 || (handlers.count > 0 && this.#waitsForLateHandlers)) return;
    this.#phase = 'drained';
    handlers.stop();
    onDrained();
  }
}
