/**
 * A server under measurement: a process of its own on a loopback port that the system chooses. It prints
 * "listening on URL" when it serves.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ManagedProcess } from './managed-process.ts';
import { printedLine } from './printed-line.ts';
import { HAS_PROC, type ProcessUsage, readUsage } from './process-usage.ts';
import { ScratchDirectory } from './scratch-directory.ts';

/** How a server is started. */
export interface Launch {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, '../..');
const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)/;

/** A script of this repository on this Node.js. @param script its path from the root */
export function onNode(script: string, environment: Readonly<Record<string, string>> = {}): Launch {
  const reporter = HAS_PROC ? [] : ['--import', './bench/processes/usage-reporter.ts'];
  return { command: process.execPath, parameters: [...reporter, script], environment };
}

export class ServerProcess implements AsyncDisposable {
  readonly name: string;
  /** Without a path. */
  readonly url: string;
  readonly #process: ManagedProcess;
  readonly #resources: AsyncDisposableStack;

  private constructor(name: string, url: string, process: ManagedProcess, resources: AsyncDisposableStack) {
    this.name = name;
    this.url = url;
    this.#process = process;
    this.#resources = resources;
  }

  /** Resolves when the server listens. */
  static async start(name: string, launch: Launch): Promise<ServerProcess> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(new ScratchDirectory());
    const process = resources.use(
      await ManagedProcess.start(launch.command, launch.parameters, {
        cwd: ROOT,
        env: environmentFor(launch, directory.path),
        ipc: !HAS_PROC,
      }),
    );
    const url = await printedLine(name, process, LISTENING);
    return new ServerProcess(name, url, process, resources.move());
  }

  usage(): Promise<ProcessUsage> {
    return readUsage(this.#process);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** Address, data directory and log level cannot be set from outside. */
function environmentFor({ environment }: Launch, directory: string): NodeJS.ProcessEnv {
  return {
    JWT_SECRET: randomBytes(32).toString('hex'),
    ...process.env,
    NODE_ENV: 'production',
    ...environment,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'info',
    DATA_DIR: directory,
  };
}
