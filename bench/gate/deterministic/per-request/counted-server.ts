/** A server of a tree with one worker, so that the same requests always take the same way. */
import { once } from 'node:events';
import { join } from 'node:path';
import { ManagedProcess } from '../../../processes/managed-process.ts';
import { printedLine } from '../../../processes/printed-line.ts';
import { ScratchDirectory } from '../../../processes/scratch-directory.ts';
import type { Tree } from '../../tree.ts';
import type { Question, ThreadCounts } from './preload.ts';

const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)/;
const PRELOAD = join(import.meta.dirname, 'preload.ts');

export class CountedServer implements AsyncDisposable {
  readonly url: string;
  readonly #process: ManagedProcess;
  readonly #resources: AsyncDisposableStack;

  private constructor(url: string, process: ManagedProcess, resources: AsyncDisposableStack) {
    this.url = url;
    this.#process = process;
    this.#resources = resources;
  }

  static async start({ name, root, entry }: Tree): Promise<CountedServer> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(new ScratchDirectory());
    const process = resources.use(
      await ManagedProcess.start(globalThis.process.execPath, ['--import', PRELOAD, join(root, entry)], {
        cwd: root,
        env: {
          ...globalThis.process.env,
          APP: join(root, 'test/fixtures/echo-app.ts'),
          WORKERS: '1',
          CORE: 'wasm',
          HOST: '127.0.0.1',
          PORT: '0',
          LOG_LEVEL: 'info',
          // A timed request is matched a second time, and chance decides which one is timed.
          TIMING_SAMPLE: '0',
          DATA_DIR: directory.path,
        },
        ipc: true,
      }),
    );
    const url = await printedLine(name, process, LISTENING);
    return new CountedServer(url, process, resources.move());
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What each thread has counted until now. */
  async ask(question: Question): Promise<readonly ThreadCounts[]> {
    const answer = once(this.#process.child, 'message');
    this.#process.child.send(question);
    const [counts] = (await answer) as [readonly ThreadCounts[]];
    return counts;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}
