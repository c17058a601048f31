/**
 * The database that all servers of a benchmark share: `npm run database` as a process of its own, on a fresh
 * data directory.
 */
import { join } from 'node:path';
import { ManagedProcess } from '../../processes/managed-process.ts';
import { printedLine } from '../../processes/printed-line.ts';
import { HAS_PROC, type ProcessUsage, readUsage } from '../../processes/process-usage.ts';
import { ScratchDirectory } from '../../processes/scratch-directory.ts';

const ROOT = join(import.meta.dirname, '../../..');
const URI = /^(mongodb:\/\/\S+)$/;

export class DatabaseProcess implements AsyncDisposable {
  /** For MONGODB_URI. */
  readonly uri: string;
  readonly #process: ManagedProcess;
  readonly #resources: AsyncDisposableStack;

  private constructor(uri: string, process: ManagedProcess, resources: AsyncDisposableStack) {
    this.uri = uri;
    this.#process = process;
    this.#resources = resources;
  }

  static async start(): Promise<DatabaseProcess> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(new ScratchDirectory());
    const reporter = HAS_PROC ? [] : ['--import', './bench/processes/usage-reporter.ts'];
    const process = resources.use(
      await ManagedProcess.start(globalThis.process.execPath, [...reporter, 'src/embedded-mongodb/main.ts'], {
        cwd: ROOT,
        env: { ...globalThis.process.env, DATA_DIR: directory.path },
        ipc: !HAS_PROC,
      }),
    );
    const uri = await printedLine('the database', process, URI);
    return new DatabaseProcess(uri, process, resources.move());
  }

  usage(): Promise<ProcessUsage> {
    return readUsage(this.#process);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}
