/**
 * The loop of a worker thread. It takes connections from the ready queue and serves a turn of each, until the
 * queue is empty or its event loop has waited long enough. It parks when there is nothing that it should take
 * (memory/synchronization/parking.ts), and main wakes it through its MessagePort.
 */

import { checksInvariants, invariant } from '../../platform/invariant.ts';
import { QUEUE_EMPTY } from '../memory/connections/ready-queue.ts';
import type { WorkerContext } from './context.ts';
import type { HandlersInFlight } from './handlers-in-flight.ts';

/** Turns, and milliseconds, after which the worker lets its event loop have a round. */
const MAX_TURNS = 64;
const MAX_RUN_MS = 1;
/** Main is rung this often within a run, so that it can send while the worker serves. */
const TURNS_BETWEEN_RINGS = 16;

export interface RequestLoopOptions {
  readonly context: WorkerContext;
  readonly handlers: Pick<HandlersInFlight, 'count'>;
  /**
   * @param stateWord of the connection, which this worker has just taken
   * @param isAssigned main has chosen this worker for the connection
   */
  readonly serve: (connection: number, stateWord: number, isAssigned: boolean) => void;
}

export class RequestLoop {
  readonly #options: RequestLoopOptions;
  #phase: 'starting' | 'serving' | 'stopped' = 'starting';
  #isScheduled = false;

  constructor(options: RequestLoopOptions) {
    this.#options = options;
  }

  /** Takes part from now on, unless it was stopped before it could begin. */
  start(): void {
    if (this.#phase !== 'starting') return;
    this.#phase = 'serving';
    this.#run();
  }

  /** Takes no more requests. */
  stop(): void {
    this.#phase = 'stopped';
    const { parked, slot } = this.#options.context;
    // Main cleared the bit already if it has just woken this worker.
    const wasWoken = !parked.unpark(slot);
    if (wasWoken) this.#passOn();
  }

  /** Main has rung, so everything is checked again. */
  wake(): void {
    if (this.#phase === 'stopped') this.#passOn();
    else this.#run();
  }

  /** Called when a reason not to take more requests has ended. */
  reconsider(): void {
    if (this.#phase !== 'serving' || this.#isScheduled) return;
    if (this.#options.context.queue.length > 0) this.#schedule();
  }

  /** Serves a READY connection that is not in the queue, as main has chosen this worker for it. */
  serveAssigned(connection: number): void {
    this.#options.context.times.read();
    this.#take(connection, true);
    this.#run();
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    if (this.#phase !== 'serving') return;
    const { context } = this.#options;
    context.parked.unpark(context.slot);
    const start = context.times.read();
    let turns = 0;
    let mustYield = false;
    context.bell.beginBatch();
    try {
      do {
        while (this.#mayTake() && !mustYield) {
          const connection = context.queue.pop(context.words.claimWord);
          if (connection === QUEUE_EMPTY) break;
          this.#take(connection, false);
          turns++;
          if (turns % TURNS_BETWEEN_RINGS === 0) context.bell.flush();
          mustYield = turns >= MAX_TURNS || context.times.lastRead - start > MAX_RUN_MS;
        }
      } while (!mustYield && !this.#park());
    } finally {
      context.bell.endBatch();
    }
    if (turns > 0) context.times.countTurns(turns, start);
    if (mustYield) this.#schedule();
  };

  #take(connection: number, isAssigned: boolean): void {
    const { table, words, slot, ring } = this.#options.context;
    if (checksInvariants) invariant(!ring.isOpen, 'A turn publishes its record before another turn begins.');
    const stateWord = table.take(connection, slot);
    words.clearClaim();
    if (stateWord !== 0) this.#options.serve(connection, stateWord, isAssigned);
  }

  /**
   * Sets the flag, then checks again. Main pushes first and looks at the flag afterwards, so at least one of
   * the two sees the other.
   * @returns false when there is work after all
   */
  #park(): boolean {
    const { parked, queue, slot, bell } = this.#options.context;
    parked.park(slot);
    if (queue.length === 0) return true;
    if (this.#mayTake()) {
      // If the bit is already clear, main's ring is on its way. It will find nothing to do, which does no
      // harm.
      parked.unpark(slot);
      return false;
    }
    // This worker is full and there is a backlog. Main must know, so that it wakes another worker. The bell
    // rings at the end of the batch.
    bell.ring();
    return true;
  }

  #mayTake(): boolean {
    const { context, handlers } = this.#options;
    if (this.#phase !== 'serving' || context.roomWaiters.any) return false;
    return handlers.count < context.start.maxInFlight;
  }

  /** Passes on a wake-up that was meant for a worker that takes requests. */
  #passOn(): void {
    const { queue, bell } = this.#options.context;
    if (queue.length === 0) return;
    bell.ring();
    bell.flush();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#run);
  }
}
