/**
 * The minimal C++ server (server.cpp): the physical limit that the report shows beside the servers. It is
 * compiled when it is started, into a scratch directory, so nothing of it stays.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ManagedProcess } from '../../processes/managed-process.ts';
import { printedLine } from '../../processes/printed-line.ts';
import { ScratchDirectory } from '../../processes/scratch-directory.ts';

const SOURCE = join(import.meta.dirname, 'server.cpp');
const COMPILER = 'g++';
const OPTIONS = ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];
const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)/;

/** Why it cannot run on this machine, or null if it can. */
export function whyNoEpollServer(): string | null {
  if (process.platform !== 'linux') return 'skipped: epoll is a part of Linux';
  const { error, status } = spawnSync(COMPILER, ['--version'], { stdio: 'ignore' });
  return error === undefined && status === 0 ? null : `skipped: ${COMPILER} is not installed`;
}

export class EpollServer implements AsyncDisposable {
  readonly process: ManagedProcess;
  /** Without a path. It has GET /health. */
  readonly url: string;
  readonly #resources: AsyncDisposableStack;

  private constructor(process: ManagedProcess, url: string, resources: AsyncDisposableStack) {
    this.process = process;
    this.url = url;
    this.#resources = resources;
  }

  /**
   * Compiles it, and resolves when it listens.
   * @param threads each with its own connections
   */
  static async start(threads = 1): Promise<EpollServer> {
    await using resources = new AsyncDisposableStack();
    const program = join(resources.use(new ScratchDirectory()).path, 'epoll-server');
    await using compiler = await ManagedProcess.start(COMPILER, [...OPTIONS, '-o', program, SOURCE]);
    await compiler.output();
    const process = resources.use(await ManagedProcess.start(program, [String(threads)]));
    const url = await printedLine('the epoll server', process, LISTENING);
    return new EpollServer(process, url, resources.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}
