/** Another commit, checked out and made beside this one. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLE } from '../../arms/arm.ts';
import { atExit } from '../../processes/at-exit.ts';
import { ManagedProcess } from '../../processes/managed-process.ts';
import { ScratchDirectory } from '../../processes/scratch-directory.ts';
import { ROOT, type Tree } from '../tree.ts';

const LOCK_FILE = 'package-lock.json';
const CORE = 'build/core.wasm';

export class BaseTree implements Tree, AsyncDisposable {
  readonly name: string;
  readonly root: string;
  readonly entry = BUNDLE;
  readonly #resources: AsyncDisposableStack;

  private constructor(name: string, root: string, resources: AsyncDisposableStack) {
    this.name = name;
    this.root = root;
    this.#resources = resources;
  }

  /** @param reference a branch, tag or commit. @throws Error if there is none, or if it cannot be made */
  static async checkOut(reference: string, progress: (line: string) => void): Promise<BaseTree> {
    const commit = git('rev-parse', '--verify', '--end-of-options', `${reference}^{commit}`).trim();
    const name = `${reference} (${commit.slice(0, 8)})`;
    await using resources = new AsyncDisposableStack();
    const root = join(resources.use(new ScratchDirectory()).path, 'tree');
    const remove = () => void git('worktree', 'remove', '--force', root);
    git('worktree', 'add', '--detach', root, commit);
    const forget = atExit(remove);
    resources.defer(() => {
      forget();
      remove();
    });
    progress(`making ${name}`);
    await installDependencies(root);
    // It is made again if its sources differ from those that this one was made of.
    if (existsSync(join(ROOT, CORE))) copyFileSync(join(ROOT, CORE), join(root, CORE));
    await runIn(root, process.execPath, ['build/make.ts', '--if-stale', 'js']);
    return new BaseTree(name, root, resources.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

async function installDependencies(root: string): Promise<void> {
  const isSame = readFileSync(join(root, LOCK_FILE)).equals(readFileSync(join(ROOT, LOCK_FILE)));
  if (isSame) symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  else await runIn(root, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
}

async function runIn(cwd: string, command: string, parameters: readonly string[]): Promise<void> {
  await using process = await ManagedProcess.start(command, parameters, { cwd });
  await process.output();
}

/** @throws Error with what git says */
function git(...parameters: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('git', ['-C', ROOT, ...parameters], {
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`git ${parameters[0]} failed: ${stderr.trim()}`);
  return stdout;
}
