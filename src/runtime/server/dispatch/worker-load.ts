/**
 * The load of the workers that take part, from their control words: who is parked, who is awake, how many
 * handlers each has in flight. Main thread, asked by the dispatcher in every round.
 */

import type { ParkedWorkers } from '../../memory/synchronization/parking.ts';
import type { WorkerHandle } from '../workers/worker-handle.ts';

/** The part of a worker that dispatching uses. */
export type DispatchedWorker = Pick<
  WorkerHandle,
  'slot' | 'phase' | 'words' | 'ring' | 'wake' | 'send' | 'ringRoomWaited'
>;

/** A worker that has done nothing visible for so long, though it is awake, counts as held up. */
export const HELD_UP_MS = 20;

/** What main has last seen of a worker. */
interface Observation {
  readonly worker: DispatchedWorker;
  inFlight: number;
  /** It has published something since main last looked. */
  hasPublished: boolean;
  /** When it was last seen to do something, or to sleep. */
  since: number;
}

export class WorkerLoad {
  readonly #parked: ParkedWorkers;
  readonly #maxInFlight: number;
  #observations: readonly Observation[] = [];
  #workers: readonly DispatchedWorker[] = [];

  constructor(parked: ParkedWorkers, maxInFlight: number) {
    this.#parked = parked;
    this.#maxInFlight = maxInFlight;
  }

  add(worker: DispatchedWorker): void {
    this.#setObservations([...this.#observations, { worker, inFlight: 0, hasPublished: true, since: 0 }]);
  }

  remove(worker: DispatchedWorker): void {
    this.#setObservations(this.#observations.filter((observation) => observation.worker !== worker));
  }

  /** In the order of their slots. */
  workers(): readonly DispatchedWorker[] {
    return this.#workers;
  }

  /** Main has drained records of this worker. */
  published(worker: DispatchedWorker): void {
    for (const observation of this.#observations) {
      if (observation.worker === worker) observation.hasPublished = true;
    }
  }

  /**
   * A parked worker that may take another request, the one with the most handlers in flight. Its event loop
   * wakes up for them anyway, its code is compiled, and what it reads from a database travels together. The
   * others sleep on, or are free for heavy requests.
   */
  busiestParked(): DispatchedWorker | null {
    if (!this.#parked.any) return null;
    let best: DispatchedWorker | null = null;
    let most = -1;
    for (const { worker } of this.#observations) {
      if (!this.#isParked(worker)) continue;
      const { inFlight } = worker.words;
      if (inFlight > most && inFlight < this.#maxInFlight) {
        best = worker;
        most = inFlight;
      }
    }
    return best;
  }

  /**
   * The parked worker with the fewest handlers in flight: none, if there is such a worker. Of several it is
   * the last, as light requests prefer the first.
   */
  leastLoadedParked(): DispatchedWorker | null {
    if (!this.#parked.any) return null;
    let best: DispatchedWorker | null = null;
    let fewest = Number.POSITIVE_INFINITY;
    for (const { worker } of this.#observations) {
      if (!this.#isParked(worker)) continue;
      const { inFlight } = worker.words;
      if (inFlight <= fewest && inFlight < this.#maxInFlight) {
        best = worker;
        fewest = inFlight;
      }
    }
    return best;
  }

  #isParked({ phase, slot }: DispatchedWorker): boolean {
    return phase === 'serving' && this.#parked.isParked(slot);
  }

  /**
   * Workers that will look at the queue soon. Those that drain, run a heavy handler, or are held up by one
   * that nobody knew to be heavy, do not count.
   */
  awake(now: number): number {
    let count = 0;
    for (const observation of this.#observations) {
      const { worker } = observation;
      this.#observe(observation, now);
      const isAwake = worker.phase === 'serving' && !this.#parked.isParked(worker.slot);
      if (isAwake && !worker.words.isHeavy && now - observation.since < HELD_UP_MS) count++;
    }
    return count;
  }

  #setObservations(observations: readonly Observation[]): void {
    this.#observations = observations.toSorted((one, other) => one.worker.slot - other.worker.slot);
    this.#workers = this.#observations.map(({ worker }) => worker);
  }

  /** Whether a worker does not sleep, whatever holds it up. */
  get isAnyAwake(): boolean {
    for (const { phase, slot } of this.#workers) {
      if (phase === 'serving' && !this.#parked.isParked(slot)) return true;
    }
    return false;
  }

  #observe(observation: Observation, now: number): void {
    const { worker, inFlight, hasPublished } = observation;
    const inFlightNow = worker.words.inFlight;
    if (!hasPublished && inFlight === inFlightNow && !this.#parked.isParked(worker.slot)) return;
    observation.inFlight = inFlightNow;
    observation.hasPublished = false;
    observation.since = now;
  }

  /** Mean time of a turn in nanoseconds, over the workers that have served, or 0 if none has. */
  get meanNanoseconds(): number {
    let sum = 0;
    let count = 0;
    for (const { worker } of this.#observations) {
      const mean = worker.words.meanNanoseconds;
      if (mean > 0) {
        sum += mean;
        count++;
      }
    }
    return count === 0 ? 0 : sum / count;
  }
}
