/**
 * Maps slots of shared memory to workers. Main thread, used by the supervisor.
 *
 * There are SPARE_SLOTS more slots than workers, so a replacement starts without waiting for the end of the
 * worker it replaces. A slot is used again only after the 'exit' of its thread. If more workers end together,
 * replacements wait here.
 */

import { invariant } from '../../../platform/invariant.ts';
import type { WorkerHandle } from './worker-handle.ts';

export class WorkerSlots {
  readonly #workers: (WorkerHandle | null)[];
  readonly #waitForSlot: (() => void)[] = [];
  readonly #waitForEnd: (() => void)[] = [];

  constructor(slots: number) {
    this.#workers = new Array(slots).fill(null);
  }

  /** Every worker whose 'exit' has not been seen. */
  *living(): Generator<WorkerHandle> {
    for (const worker of this.#workers) if (worker !== null) yield worker;
  }

  /** The living worker that has this slot. */
  workerIn(slot: number): WorkerHandle | undefined {
    return this.#workers[slot] ?? undefined;
  }

  /** The slots of the workers that take requests, in ascending order. */
  get serving(): readonly number[] {
    const slots: number[] = [];
    for (const worker of this.living()) if (worker.phase === 'serving') slots.push(worker.slot);
    return slots;
  }

  /**
   * Waits for a free slot and puts a worker there. Both happen in one turn, so nobody else takes the slot.
   */
  async add(create: (slot: number) => WorkerHandle): Promise<WorkerHandle> {
    let slot = this.#workers.indexOf(null);
    while (slot < 0) {
      await new Promise<void>((resolve) => this.#waitForSlot.push(resolve));
      slot = this.#workers.indexOf(null);
    }
    const worker = create(slot);
    this.#workers[slot] = worker;
    return worker;
  }

  /** Whether a new worker has to wait for the end of another. */
  get areFull(): boolean {
    return !this.#workers.includes(null);
  }

  /** The thread has ended, and its connections are recovered. */
  remove(worker: WorkerHandle): void {
    invariant(this.#workers[worker.slot] === worker, 'A slot belongs to one thread until its exit.');
    this.#workers[worker.slot] = null;
    for (const resolve of this.#waitForSlot.splice(0)) resolve();
    if (this.#isEmpty()) for (const resolve of this.#waitForEnd.splice(0)) resolve();
  }

  /** Resolves when no thread is left. */
  whenEmpty(): Promise<void> {
    if (this.#isEmpty()) return Promise.resolve();
    return new Promise((resolve) => this.#waitForEnd.push(resolve));
  }

  #isEmpty(): boolean {
    return this.#workers.every((worker) => worker === null);
  }
}
