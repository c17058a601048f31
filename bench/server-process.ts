/**
 * The servers that benchmarks compare. Each is a process of its own, on the same Node, with the same work
 * behind each route, on a loopback port that the system chooses.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ManagedProcess } from './processes/managed-process.ts';
import { printedLine } from './processes/printed-line.ts';
import { HAS_PROC, mainThreadCpuSeconds, type ProcessUsage, readUsage } from './processes/process-usage.ts';
import { ScratchDirectory } from './processes/scratch-directory.ts';

export interface ServerDefinition {
  readonly name: string;
  /** Path from the root of the repository. */
  readonly script: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What users deploy. `npm run bench` makes it if it is missing or stale. */
export const BUNDLE = 'build/js/main.js';

export const THIS_SERVER: ServerDefinition = {
  name: 'cloudvm-backend',
  script: BUNDLE,
  environment: { APP: 'test/fixtures/echo-app.ts' },
};
export const FASTIFY: ServerDefinition = { name: 'fastify', script: 'bench/peers/fastify.ts' };
export const NODE_HTTP: ServerDefinition = { name: 'node:http', script: 'bench/peers/node-http.ts' };

const ROOT = join(import.meta.dirname, '..');
const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)/;

export class ServerProcess implements AsyncDisposable {
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

  /** Resolves when the server listens. */
  static async start(definition: ServerDefinition): Promise<ServerProcess> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(new ScratchDirectory());
    const reporter = HAS_PROC ? [] : ['--import', './bench/processes/usage-reporter.ts'];
    const process = resources.use(
      await ManagedProcess.start(globalThis.process.execPath, [...reporter, definition.script], {
        cwd: ROOT,
        env: environmentFor(definition, directory.path),
        ipc: !HAS_PROC,
      }),
    );
    const url = await printedLine(definition.name, process, LISTENING);
    return new ServerProcess(definition.name, url, process, resources.move());
  }

  get pid(): number {
    return this.#process.pid;
  }

  usage(): Promise<ProcessUsage> {
    return readUsage(this.#process);
  }

  mainThreadCpuSeconds(): number | undefined {
    return mainThreadCpuSeconds(this.pid);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/**
 * WORKERS, CORE and similar settings can be set from outside. Address, data directory and log level cannot.
 */
function environmentFor(definition: ServerDefinition, directory: string): NodeJS.ProcessEnv {
  return {
    JWT_SECRET: randomBytes(32).toString('hex'),
    ...process.env,
    ...definition.environment,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'info',
    DATA_DIR: directory,
  };
}
