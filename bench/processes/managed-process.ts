/**
 * A process that a benchmark starts and that never outlives it. It is stopped when the scope that holds it
 * ends, and when the benchmark is interrupted. Used for the servers and for wrk.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { atExit } from './at-exit.ts';

/** Longer than this server takes to stop at most. */
const STOP_TIMEOUT_MS = 15_000;
const KEPT_OUTPUT_CHARACTERS = 4000;

export class ManagedProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly #stopNow = () => this.child.kill('SIGKILL');
  #errorOutput = '';

  private constructor(child: ChildProcess, pid: number) {
    this.child = child;
    this.pid = pid;
    child.once('exit', atExit(this.#stopNow));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-KEPT_OUTPUT_CHARACTERS);
    });
  }

  static async start(
    command: string,
    parameters: readonly string[],
    options: Pick<SpawnOptions, 'env' | 'cwd'> & { readonly ipc?: boolean } = {},
  ): Promise<ManagedProcess> {
    const { ipc = false, ...rest } = options;
    const stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, parameters, { ...rest, stdio: ipc ? [...stdio, 'ipc'] : stdio });
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error(`${command} has no process id`);
    return new ManagedProcess(child, child.pid);
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The last part of its standard error. */
  get errorOutput(): string {
    return this.#errorOutput;
  }

  /** All of its standard output, once it has ended. @throws Error if it failed */
  async output(): Promise<string> {
    let text = '';
    this.child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    await once(this.child, 'close');
    if (this.child.exitCode !== 0) {
      throw new Error(`${this.child.spawnfile} ended with ${this.#ending()}\n${this.#errorOutput}`);
    }
    return text;
  }

  /** Sends SIGINT when so much time is over, unless it has ended before. */
  async interruptAfter(seconds: number): Promise<void> {
    const ended = new AbortController();
    const onExit = () => ended.abort();
    this.child.once('exit', onExit);
    await delay(seconds * 1000, undefined, { signal: ended.signal }).catch(() => undefined);
    this.child.off('exit', onExit);
    if (this.running) this.child.kill('SIGINT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.running) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const impatience = setTimeout(this.#stopNow, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(impatience);
  }

  #ending(): string {
    return this.child.signalCode ?? `code ${this.child.exitCode}`;
  }
}
