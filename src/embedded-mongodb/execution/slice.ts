/** How long a command may run before it gives way to others, and how long it may run at all (`maxTimeMS`). */
import { beginStep, endStep, isStepSpent, limitStep, spendWork } from '../work.ts';

/**
 * Of a document that is found or changed, beside what its fields take. The clock is read after 16 of them.
 */
const WORK_OF_A_DOCUMENT = 625;

export class Slice {
  #deadline = Infinity;

  /** Called by the executor before it runs the command. */
  begin(milliseconds: number): void {
    beginStep(milliseconds, this.#deadline);
  }

  /** Called by the executor after that. */
  end(): void {
    endStep();
  }

  /** @param milliseconds from now on, for the whole command */
  limitTo(milliseconds: number): void {
    this.#deadline = performance.now() + milliseconds;
    limitStep(this.#deadline);
  }

  /** Milliseconds until the command fails. */
  get timeLeft(): number {
    return this.#deadline - performance.now();
  }

  /**
   * Commands call this after each document, and yield if it is true.
   * @throws CommandError MaxTimeMSExpired
   */
  isSpent(): boolean {
    spendWork(WORK_OF_A_DOCUMENT);
    return isStepSpent();
  }
}
