/**
 * A stream to a file or a terminal. Main thread, used by standard-output.ts.
 *
 * Lines are written at once, so they stand there even if the process dies a moment later. A terminal that
 * takes no more (the person has pressed Ctrl-S) is tried again later. A line that a file cannot take, since
 * the disk is full, is lost and reported. The next line may fit again.
 */
import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

const RETRY_MS = 50;

export class DescriptorStream extends Writable {
  readonly #descriptor: number;
  readonly #onLost: () => void;

  /**
   * @param descriptor of a file, or in non-blocking mode
   * @param onLost a line could not be written
   */
  constructor(descriptor: number, onLost: () => void) {
    super();
    this.#descriptor = descriptor;
    this.#onLost = onLost;
  }

  override _write(line: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    let written = 0;
    try {
      while (written < line.length) written += writeSync(this.#descriptor, line, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        setTimeout(() => this._write(line.subarray(written), _encoding, callback), RETRY_MS);
        return;
      }
      this.#onLost();
    }
    callback();
  }
}
