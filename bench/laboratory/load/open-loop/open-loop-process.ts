/** The open-loop generator as seen from the laboratory. */
import { once } from 'node:events';
import { join } from 'node:path';
import { ManagedProcess } from '../../../processes/managed-process.ts';
import type { OpenLoopOptions, OpenLoopReply, OpenLoopResult } from './protocol.ts';

export class OpenLoopProcess implements AsyncDisposable {
  readonly #process: ManagedProcess;

  private constructor(process: ManagedProcess) {
    this.#process = process;
  }

  static async start(): Promise<OpenLoopProcess> {
    const script = join(import.meta.dirname, 'main.ts');
    return new OpenLoopProcess(
      await ManagedProcess.start(globalThis.process.execPath, [script], { ipc: true }),
    );
  }

  /** One after the other. @throws Error if no connection could be opened, or the process has ended */
  async run(options: OpenLoopOptions): Promise<OpenLoopResult> {
    const { child } = this.#process;
    const ended = new AbortController();
    const onExit = () => ended.abort(new Error(`the generator has ended\n${this.#process.errorOutput}`));
    child.once('exit', onExit);
    try {
      const answer = once(child, 'message', { signal: ended.signal });
      child.send(options);
      const [reply]: OpenLoopReply[] = await answer;
      if (reply === undefined || 'failure' in reply) throw new Error(reply?.failure ?? 'no reply');
      return reply.result;
    } finally {
      child.off('exit', onExit);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
