/**
 * A directory for the files of one run. It is removed when its scope ends or the benchmark is interrupted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.ts';

export class ScratchDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'cloudvm-bench-'));
  /** A process that was killed at this moment may still write a file. */
  readonly #remove = () => rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  readonly #forget = atExit(this.#remove);

  [Symbol.dispose](): void {
    this.#forget();
    this.#remove();
  }
}
