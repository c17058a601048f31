/**
 * Lets only as many workers load the application at a time as the machine has processors. Loading is
 * CPU-bound. With more workers in parallel, none ends sooner, the memory at the peak is higher, and the
 * workers that serve meanwhile get less of the processor.
 *
 * The gate is a Mutex, a ConditionVariable, and for each slot a flag that says that its worker is inside. A
 * counter is not enough, because a worker can die inside. Main then clears that worker's flag, whether it was
 * set or not.
 */

import { invariant } from '../../../platform/invariant.ts';
import { type SharedMemory, START_GATE_WORDS } from '../layout.ts';
import { ConditionVariable } from './condition-variable.ts';
import { Mutex } from './mutex.ts';

/** After this time a waiter looks again: whoever should have woken it may have died. */
const LOOK_AGAIN_MS = 500;

export class StartGate {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #slots: number;
  readonly #slot: number;
  readonly #mutex: Mutex;
  readonly #left: ConditionVariable;

  /** @param slot of the worker that uses this object. For main, the number after the last slot */
  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    this.#words = words;
    this.#first = layout.startGateWord;
    this.#slots = layout.slots;
    this.#slot = slot;
    this.#mutex = new Mutex(words, this.#first, slot);
    this.#left = new ConditionVariable(words, this.#first + 1);
  }

  /** A worker: blocks until fewer than `limit` are inside. @returns a handle to dispose of on leaving */
  enter(limit: number): Disposable {
    using guard = this.#mutex.lock();
    // A holder that died has changed at most its own flag, and main clears that one. So the flags are never
    // inconsistent.
    if (guard.suspect) guard.markConsistent();
    while (this.#inside() >= limit) this.#left.wait(guard, LOOK_AGAIN_MS);
    invariant(!this.#isInside(this.#slot), 'A worker enters the gate once.');
    this.#setInside(this.#slot, 1);
    return { [Symbol.dispose]: () => this.#leave() };
  }

  /** Main, after the 'exit' of a worker: it is no longer inside, and holds nothing. */
  onExit(slot: number): void {
    this.#mutex.releaseOwnedBy(slot);
    this.#setInside(slot, 0);
    this.#left.notifyAll();
  }

  #leave(): void {
    using guard = this.#mutex.lock();
    if (guard.suspect) guard.markConsistent();
    invariant(this.#isInside(this.#slot), 'A worker leaves the gate once.');
    this.#setInside(this.#slot, 0);
    this.#left.notifyOne();
  }

  #inside(): number {
    let inside = 0;
    for (let slot = 0; slot < this.#slots; slot++) if (this.#isInside(slot)) inside++;
    return inside;
  }

  #isInside(slot: number): boolean {
    return Atomics.load(this.#words, this.#first + START_GATE_WORDS + slot) !== 0;
  }

  #setInside(slot: number, inside: 0 | 1): void {
    Atomics.store(this.#words, this.#first + START_GATE_WORDS + slot, inside);
  }
}
