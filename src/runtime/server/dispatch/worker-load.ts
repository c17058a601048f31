/**
 * The load of the workers that take part, from their control words: who is parked, who is awake, who has the
 * fewest handlers in flight. Main thread, asked by the dispatcher in every round.
 */

import type { ParkedWorkers } from '../../memory/synchronization/parking.ts';
import type { WorkerHandle } from '../workers/worker-handle.ts';

/** The part of a worker that dispatching uses. */
export type DispatchedWorker = Pick<
  WorkerHandle,
  'slot' | 'phase' | 'words' | 'ring' | 'wake' | 'send' | 'ringRoomWaited'
>;

export class WorkerLoad {
  readonly #parked: ParkedWorkers;
  readonly #maxInFlight: number;
  readonly #workers = new Map<number, DispatchedWorker>();

  constructor(parked: ParkedWorkers, maxInFlight: number) {
    this.#parked = parked;
    this.#maxInFlight = maxInFlight;
  }

  add(worker: DispatchedWorker): void {
    this.#workers.set(worker.slot, worker);
  }

  remove(worker: DispatchedWorker): void {
    this.#workers.delete(worker.slot);
  }

  workers(): Iterable<DispatchedWorker> {
    return this.#workers.values();
  }

  /** A parked worker that may take another request, the one with the fewest handlers in flight. */
  leastLoadedParked(): DispatchedWorker | null {
    const parked = this.#parked;
    if (!parked.any) return null;
    let best: DispatchedWorker | null = null;
    let fewest = this.#maxInFlight;
    for (const worker of this.#workers.values()) {
      if (worker.phase !== 'serving' || !parked.isParked(worker.slot)) continue;
      const { inFlight } = worker.words;
      if (inFlight < fewest) {
        best = worker;
        fewest = inFlight;
        if (inFlight === 0) break;
      }
    }
    return best;
  }

  /** Workers that will look at the queue soon. Workers that drain or run a heavy handler do not count. */
  get awake(): number {
    let count = 0;
    for (const { phase, slot, words } of this.#workers.values()) {
      if (phase === 'serving' && !this.#parked.isParked(slot) && !words.isHeavy) count++;
    }
    return count;
  }

  /** Mean time of a turn in nanoseconds, over the workers that have served, or 0 if none has. */
  get meanNanoseconds(): number {
    let sum = 0;
    let count = 0;
    for (const worker of this.#workers.values()) {
      const mean = worker.words.meanNanoseconds;
      if (mean > 0) {
        sum += mean;
        count++;
      }
    }
    return count === 0 ? 0 : sum / count;
  }
}
