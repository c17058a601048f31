/** A server of a checkout as an arm. It prints `listening on URL` when it serves. */

import { randomBytes } from 'node:crypto';
import { cpuSeconds, HAS_CPU_TIME } from '../../processes/cpu-time.ts';
import { ManagedProcess } from '../../processes/managed-process.ts';
import { printedLine } from '../../processes/printed-line.ts';
import { ScratchDirectory } from '../../processes/scratch-directory.ts';
import type { Arm } from './arm.ts';

export interface ServerLaunch {
  readonly name: string;
  /** Of the checkout. */
  readonly root: string;
  /** The path of a script from there. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)/;

export class ServerArm implements Arm {
  readonly name: string;
  readonly url: string;
  readonly #process: ManagedProcess;
  readonly #resources: AsyncDisposableStack;

  private constructor(name: string, url: string, process: ManagedProcess, resources: AsyncDisposableStack) {
    this.name = name;
    this.url = url;
    this.#process = process;
    this.#resources = resources;
  }

  /** Resolves when it listens. */
  static async start({ name, root, script, environment }: ServerLaunch): Promise<ServerArm> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(new ScratchDirectory());
    const process = resources.use(
      await ManagedProcess.start(globalThis.process.execPath, [script], {
        cwd: root,
        env: {
          JWT_SECRET: randomBytes(32).toString('hex'),
          ...globalThis.process.env,
          ...environment,
          HOST: '127.0.0.1',
          PORT: '0',
          LOG_LEVEL: 'info',
          DATA_DIR: directory.path,
        },
      }),
    );
    const url = await printedLine(name, process, LISTENING);
    return new ServerArm(name, url, process, resources.move());
  }

  cpuSeconds(): number | undefined {
    return HAS_CPU_TIME ? cpuSeconds(this.#process.pid) : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}
