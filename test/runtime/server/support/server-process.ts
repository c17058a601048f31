/** The server as a process of its own, with the echo application unless a test brings another. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inheritedEnvironment } from '../../../support/environment.ts';
import { until } from '../../../support/until.ts';

const MAIN = new URL('../../../../src/main.ts', import.meta.url).pathname;
const ECHO_APPLICATION = new URL('../../../fixtures/echo-app.ts', import.meta.url).pathname;

export class ServerProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** The text on standard error, complete after `exited`. */
  errors = '';
  output = '';
  readonly #exited: Promise<unknown[]>;
  readonly #port = Promise.withResolvers<number>();
  readonly #complete = Promise.withResolvers<void>();

  /**
   * @param options for Node.js itself
   * @param main the entry of the server
   */
  constructor(
    settings: Readonly<Record<string, string>>,
    options: readonly string[] = [],
    main: string = MAIN,
  ) {
    this.child = spawn(process.execPath, [...options, main], {
      env: {
        ...inheritedEnvironment(),
        APP: ECHO_APPLICATION,
        PORT: '0',
        WORKERS: '2',
        // While other tests take the whole machine, a worker may come late.
        MAX_QUEUE_WAIT_MS: '60000',
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.child;
    stderr?.on('data', (bytes: Buffer) => {
      this.errors += bytes.toString();
    });
    if (stdout === null) throw new Error('The output of the process is not piped');
    createInterface(stdout).on('line', (line) => {
      this.output += `${line}\n`;
      const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) this.#port.resolve(Number(port));
      if (/all \d+ workers serve/.test(line)) this.#complete.resolve();
    });
    this.#exited = once(this.child, 'close');
    this.#exited.then(
      () => this.#fail(new Error(`The process has ended: ${this.output}${this.errors}`)),
      (error: unknown) => this.#fail(error),
    );
    this.#port.promise.catch(() => {});
    this.#complete.promise.catch(() => {});
  }

  #fail(error: unknown): void {
    this.#port.reject(error);
    this.#complete.reject(error);
  }

  /** Waits until all workers serve. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** Waits until it listens. */
  get port(): Promise<number> {
    return this.#port.promise;
  }

  /** Waits until such a line is on standard error. @returns the text of the pattern's group */
  async errorLine(pattern: RegExp): Promise<string> {
    await until(`${pattern} is written`, () => pattern.test(this.errors));
    return pattern.exec(this.errors)?.[1] ?? '';
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#exited;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) this.child.kill('SIGKILL');
    await this.#exited;
  }
}
