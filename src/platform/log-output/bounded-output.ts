/**
 * Writes the lines of the log without ever waiting for whoever reads them. Main thread, used by
 * standard-log.ts.
 *
 * What the reader does not take is kept up to a bound. Beyond it, new lines are dropped and counted. As soon
 * as there is room again, a line of the log says how many are missing at this place.
 */
import type { Writable } from 'node:stream';

/** In characters. A line that finds nothing before it is kept, however long it is. */
export const MAX_PENDING = 1_048_576;

export interface BoundedOutputOptions {
  readonly stream: Writable;
  /** The line that reports so many dropped lines. */
  readonly droppedLine: (count: number) => string;
}

export class BoundedOutput {
  readonly #options: BoundedOutputOptions;
  #dropped = 0;
  #waitsForRoom = false;

  constructor(options: BoundedOutputOptions) {
    this.#options = options;
    // A reader that has gone is no reason to end. All further lines are dropped.
    options.stream.on('error', () => {});
  }

  write(line: string): void {
    const { stream } = this.#options;
    if (!this.#hasRoomFor(line)) {
      this.#dropped++;
      this.#reportLater();
      return;
    }
    if (this.#dropped > 0) this.#report();
    stream.write(line);
  }

  /** Lines were dropped elsewhere, or could not be written, because the disk is full for example. */
  lost(count = 1): void {
    this.#dropped += count;
  }

  /** Resolves when everything is written, or the time is over because nobody reads. */
  async flush(timeoutMs: number): Promise<void> {
    const { stream } = this.#options;
    if (stream.destroyed) return;
    if (this.#dropped > 0) this.#report();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    // Its callback comes after those of all writes before it.
    stream.write('', () => resolve());
    await promise;
    clearTimeout(timer);
  }

  #hasRoomFor(line: string): boolean {
    const { destroyed, writableLength } = this.#options.stream;
    return !destroyed && (writableLength === 0 || writableLength + line.length <= MAX_PENDING);
  }

  #reportLater(): void {
    if (this.#waitsForRoom) return;
    this.#waitsForRoom = true;
    this.#options.stream.once('drain', () => {
      this.#waitsForRoom = false;
      if (this.#dropped > 0) this.#report();
    });
  }

  #report(): void {
    const { stream, droppedLine } = this.#options;
    const count = this.#dropped;
    this.#dropped = 0;
    stream.write(droppedLine(count));
    // The report itself was lost. It does not count.
    if (this.#dropped > 0) this.#dropped = count;
  }
}
