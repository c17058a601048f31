/**
 * An arm of another project: a command that starts a server. The command runs in a shell and in a process
 * group of its own, so that everything that it starts is measured, and stopped with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { atExit } from '../../processes/at-exit.ts';
import { cpuSeconds, HAS_CPU_TIME } from '../../processes/cpu-time.ts';
import type { Arm } from './arm.ts';

export interface ArmCommand {
  readonly name: string;
  /** A line for the shell, in which {port} stands for a free port. It is in PORT too. */
  readonly command: string;
  /** Where it answers, with {port} or a port of its own. */
  readonly url: string;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const STOP_TIMEOUT_MS = 10_000;
const KEPT_CHARACTERS = 4000;

export class CommandArm implements Arm {
  readonly name: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #forget: () => void;

  private constructor(name: string, url: string, child: ChildProcess) {
    this.name = name;
    this.url = new URL(url).origin;
    this.#child = child;
    this.#forget = atExit(() => this.#signal('SIGKILL'));
  }

  /** Resolves when its URL answers. @throws Error if it ends before, or takes longer than a minute */
  static async start({ name, command, url }: ArmCommand): Promise<CommandArm> {
    const port = String(await freePort());
    const here = (text: string) => text.replaceAll('{port}', port);
    const child = spawn(here(command), {
      shell: true,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PORT: port },
    });
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-KEPT_CHARACTERS);
    });
    const arm = new CommandArm(name, here(url), child);
    try {
      await arm.#untilItAnswers(here(url));
      return arm;
    } catch (cause) {
      await arm[Symbol.asyncDispose]();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name} (${command}) ${why}\n${errors}`, { cause });
    }
  }

  cpuSeconds(): number | undefined {
    return HAS_CPU_TIME ? cpuSeconds(this.#child.pid ?? 0) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget();
    if (!this.#isRunning) return this.#signal('SIGKILL');
    const ended = once(this.#child, 'close');
    this.#signal('SIGTERM');
    const impatience = setTimeout(() => this.#signal('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(impatience);
    // The shell may have ended before what it has started.
    this.#signal('SIGKILL');
  }

  async #untilItAnswers(url: string): Promise<void> {
    const end = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < end) {
      if (!this.#isRunning) throw new Error('ended before it answered');
      if (await answers(url)) return;
      await delay(POLL_MS);
    }
    throw new Error(`does not answer ${url} after ${START_TIMEOUT_MS / 1000} s`);
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** To the whole group. */
  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // All of it has ended.
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}
