/**
 * Makes the programs of arms that are no dependency of this project, in a directory that is removed with the
 * run. Each is made once, and whatever fails makes its arm unavailable, not the run.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ManagedProcess } from '../processes/managed-process.ts';
import { ScratchDirectory } from '../processes/scratch-directory.ts';
import { UnavailableError } from './unavailable.ts';

const COMPILER = 'g++';
const COMPILER_OPTIONS = ['-std=c++17', '-O2', '-pthread'];
/** The packages with the program. The package `bun` would fetch one of them with an install script. */
const BUN_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@oven/bun-linux-x64',
  'linux-arm64': '@oven/bun-linux-aarch64',
  'darwin-x64': '@oven/bun-darwin-x64',
  'darwin-arm64': '@oven/bun-darwin-aarch64',
};
const BUN_VERSION = '1.4.5';
const INSTALL_TIMEOUT_MS = 120_000;

export class Workshop implements Disposable {
  readonly #directory = new ScratchDirectory();
  readonly #made = new Map<string, Promise<string>>();

  /** @returns the path of the program. @throws UnavailableError */
  compile(source: string, libraries: readonly string[] = []): Promise<string> {
    return this.#once(source, async () => {
      if (!runs(COMPILER)) throw new UnavailableError(`${COMPILER} is not installed`);
      const program = join(this.#directory.path, `program-${this.#made.size}`);
      const parameters = [...COMPILER_OPTIONS, '-o', program, source, ...libraries];
      await this.#run(COMPILER, parameters, `${COMPILER} cannot compile ${source}`);
      return program;
    });
  }

  /** The Bun of this machine, or one that is installed for this run. @throws UnavailableError */
  bun(): Promise<string> {
    return this.#once('bun', async () => {
      if (runs('bun')) return 'bun';
      const name = BUN_PACKAGES[`${process.platform}-${process.arch}`];
      if (name === undefined) throw new UnavailableError('Bun has no package for this platform');
      const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--no-package-lock'];
      const parameters = ['install', ...options, '--prefix', this.#directory.path, `${name}@${BUN_VERSION}`];
      await this.#run('npm', parameters, `npm cannot install ${name}`);
      const program = join(this.#directory.path, 'node_modules', name, 'bin/bun');
      if (!runs(program)) throw new UnavailableError('the Bun of its package does not run here');
      return program;
    });
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }

  #once(name: string, make: () => Promise<string>): Promise<string> {
    const made = this.#made.get(name) ?? make();
    this.#made.set(name, made);
    return made;
  }

  async #run(command: string, parameters: readonly string[], failure: string): Promise<void> {
    try {
      await using process = await ManagedProcess.start(command, parameters);
      const timer = setTimeout(() => process.child.kill('SIGKILL'), INSTALL_TIMEOUT_MS);
      await process.output().finally(() => clearTimeout(timer));
    } catch (error) {
      const [first = '', reason = first] = error instanceof Error ? error.message.split('\n') : [];
      throw new UnavailableError(`${failure}: ${reason}`, { cause: error });
    }
  }
}

function runs(command: string): boolean {
  const { status } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  return status === 0;
}
