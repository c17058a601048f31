/** Starts timed-server.ts with every request timed, and asks it for its histograms. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Stage } from '../../src/runtime/memory/workers/stages.ts';
import { ManagedProcess } from '../processes/managed-process.ts';
import { printedLine } from '../processes/printed-line.ts';
import { ScratchDirectory } from '../processes/scratch-directory.ts';

const ROOT = join(import.meta.dirname, '../..');
const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)/;

/** How many requests are in each bucket (src/runtime/memory/workers/stage-histogram.ts), by stage. */
export type Histograms = ReadonlyMap<Stage, readonly number[]>;

export class TimedServerProcess implements AsyncDisposable {
  readonly url: string;
  readonly #process: ManagedProcess;
  readonly #resources: AsyncDisposableStack;

  private constructor(url: string, process: ManagedProcess, resources: AsyncDisposableStack) {
    this.url = url;
    this.#process = process;
    this.#resources = resources;
  }

  static async start(workers: number): Promise<TimedServerProcess> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(new ScratchDirectory());
    const process = resources.use(
      await ManagedProcess.start(globalThis.process.execPath, ['bench/latency/timed-server.ts'], {
        cwd: ROOT,
        env: {
          ...globalThis.process.env,
          HOST: '127.0.0.1',
          PORT: '0',
          LOG_LEVEL: 'warn',
          DATA_DIR: directory.path,
          JWT_SECRET: randomBytes(32).toString('hex'),
          WORKERS: String(workers),
          TIMING_SAMPLE: '1',
          MAX_VMS_PER_USER: '1000000',
        },
        ipc: true,
      }),
    );
    const url = await printedLine('the timed server', process, LISTENING);
    return new TimedServerProcess(url, process, resources.move());
  }

  /** Since the start. */
  async histograms(): Promise<Histograms> {
    const answer = once(this.#process.child, 'message');
    this.#process.child.send('histograms');
    const [entries] = await answer;
    return new Map(entries);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** What was counted between two readings. */
export function counted(before: Histograms, after: Histograms): Histograms {
  return new Map(
    [...after].map(([stage, counts]) => {
      const earlier = before.get(stage) ?? [];
      return [stage, counts.map((count, bucket) => count - (earlier[bucket] ?? 0))];
    }),
  );
}
