/** How long a command may run before it gives way to others, and how long it may run at all (`maxTimeMS`). */
import { CommandError } from '../command-error.ts';

/** Reading the clock at every step would slow scans down. */
const STEPS_BETWEEN_CLOCK_READS = 16;

export class Slice {
  #end = 0;
  #deadline = Infinity;
  #steps = 0;

  /** Called by the executor before it runs the command. */
  begin(milliseconds: number): void {
    this.#steps = 0;
    this.#end = performance.now() + milliseconds;
  }

  /** 0 means no limit. */
  limitTo(milliseconds: number): void {
    if (milliseconds > 0) this.#deadline = performance.now() + milliseconds;
  }

  /**
   * Commands call this after each document, and yield if it is true.
   * @throws CommandError MaxTimeMSExpired
   */
  isSpent(): boolean {
    this.#steps += 1;
    if (this.#steps % STEPS_BETWEEN_CLOCK_READS !== 0) return false;
    const now = performance.now();
    if (now > this.#deadline) throw new CommandError('MaxTimeMSExpired', 'operation exceeded time limit');
    return now > this.#end;
  }
}
