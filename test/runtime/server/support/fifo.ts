/**
 * A FIFO to hang on. A thread that opens it for reading blocks in a native call, which neither the thread
 * itself nor `terminate` can end. The test ends the call.
 */

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Fifo implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'cloudvm-fifo-'));
  readonly path = join(this.#directory, 'fifo');
  #isReleased = false;

  constructor() {
    execFileSync('mkfifo', [this.path]);
  }

  /** Opening it for reading and writing does not block, and ends the wait of a reader (fifo(7)). */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    closeSync(openSync(this.path, 'r+'));
  }

  [Symbol.dispose](): void {
    this.release();
    rmSync(this.#directory, { recursive: true });
  }
}
