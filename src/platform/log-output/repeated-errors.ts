/**
 * Writes an error that comes again and again once, and then its number once in each period. Main thread, used
 * by standard-log.ts: so an error of all workers is written once for all of them.
 *
 * Two lines are of the same error if they have the same key, which log.ts makes from the message and the
 * error's stack.
 */

const PERIOD_MS = 10_000;
/** So many errors are remembered. Beyond it, the one that came first is forgotten first. */
const MAX_ERRORS = 100;

interface Repetition {
  /** The line that came last. */
  line: string;
  /** Lines that were not written since the last one that was. */
  count: number;
}

export class RepeatedErrors {
  readonly #write: (line: string) => void;
  readonly #errors = new Map<string, Repetition>();
  #timer: NodeJS.Timeout | undefined;

  /** @param write takes a line that is to be written now */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  take(line: string, key: string): void {
    const known = this.#errors.get(key);
    if (known !== undefined) {
      known.line = line;
      known.count++;
      return;
    }
    if (this.#errors.size >= MAX_ERRORS) this.#forgetFirst();
    this.#errors.set(key, { line, count: 0 });
    this.#timer ??= setInterval(() => this.endPeriod(), PERIOD_MS).unref();
    this.#write(line);
  }

  /** Writes the numbers. Errors that did not come again are forgotten. */
  endPeriod(): void {
    for (const [key, error] of this.#errors) {
      if (error.count === 0) this.#errors.delete(key);
      else this.#writeCount(error);
    }
    if (this.#errors.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #forgetFirst(): void {
    for (const [key, error] of this.#errors) {
      if (error.count > 0) this.#writeCount(error);
      this.#errors.delete(key);
      return;
    }
  }

  /** The line that came last, with the number of those that it stands for. */
  #writeCount(error: Repetition): void {
    const object = error.line.trimEnd();
    this.#write(`${object.slice(0, -1)},"repeated":${error.count}}\n`);
    error.count = 0;
  }
}
