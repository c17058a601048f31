/**
 * The whole server as its users run it: `node src/main.ts` in a process of its own, on a free port. The data
 * directory outlives the process, so a test can kill the server and start it again.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { assertDocumented } from './documented-answers.ts';

const MAIN = new URL('../../../../src/main.ts', import.meta.url).pathname;
/**
 * Settings in the environment that would change the server. CORE is kept, so that a test run can choose the
 * core.
 */
const FOREIGN = [
  'HOST',
  'APP',
  'MONGODB_URI',
  'MONGODB_DB',
  'JWT_SECRET',
  'CORS_ORIGINS',
  'CORS_HEADERS',
  'NODE_ENV',
];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON. Undefined if there is none. */
  readonly json: Record<string, unknown>;
}

export interface Question {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export type ServerChild = ChildProcessByStdio<null, Readable, Readable>;

/** Starts the command and does not wait until it serves. */
export function spawnServer(
  dataDirectory: string,
  settings: Readonly<Record<string, string>> = {},
): ServerChild {
  const environment = Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name));
  return spawn(process.execPath, [MAIN], {
    env: {
      ...Object.fromEntries(environment),
      PORT: '0',
      WORKERS: '2',
      DATA_DIR: dataDirectory,
      LOG_LEVEL: 'info',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export class CloudVmProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: ServerChild;
  readonly #exited: Promise<unknown[]>;

  static async start(
    dataDirectory: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<CloudVmProcess> {
    const child = spawnServer(dataDirectory, settings);
    const exited = once(child, 'exit');
    child.stderr.pipe(process.stderr, { end: false });
    for await (const line of createInterface(child.stdout)) {
      const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
      if (url === undefined) continue;
      // Keeps reading, so that the pipe never fills up.
      child.stdout.resume();
      return new CloudVmProcess(child, exited, url);
    }
    throw new Error(`the server ended before it listened: ${String(await exited)}`);
  }

  private constructor(child: ServerChild, exited: Promise<unknown[]>, url: string) {
    this.#child = child;
    this.#exited = exited;
    this.url = url;
  }

  async ask(method: string, path: string, question: Question = {}): Promise<Answer> {
    const { token, headers = {}, body } = question;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status } = response;
    assertDocumented({ method, target: path, status, header: (name) => response.headers.get(name), text });
    const json = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, json };
  }

  /** Ends the process at once, like a power cut. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** @returns the exit code */
  async stop(): Promise<unknown> {
    this.#child.kill('SIGTERM');
    const [code] = await this.#exited;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }
}
