/**
 * A project that has `cloudvm-backend` installed as npm packs it. Of what the package depends on it has
 * undici alone, which is all that the client needs.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeClientFiles } from '../../../build/client.ts';
import { inheritedEnvironment } from '../../support/environment.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');

/** What `npm pack` heeds or packs, besides what is built. */
const PACKED_FROM = [
  'package.json',
  '.npmrc',
  'README.md',
  'LICENSE',
  'src',
  'build/.gitignore',
  'build/.npmignore',
];
/** Stand for what `npm run build` makes, which takes longer. The last two are not to be packed. */
const STAND_INS = ['build/js/main.js', 'build/js/cache/code', 'build/core.wasm'];
const LINKED = ['undici', 'undici-types', '@types/node'];

const run = promisify(execFile);

export class Project implements Disposable {
  /** For further files of the test. */
  readonly lab = mkdtempSync(join(tmpdir(), 'cloudvm-package-'));
  readonly folder = join(this.lab, 'project');
  /** Where the package is. */
  readonly installed = join(this.folder, 'node_modules/cloudvm-backend');

  static async make(): Promise<Project> {
    const project = new Project();
    await project.#install(await project.#pack());
    return project;
  }

  write(path: string, text: string): void {
    writeTo(join(this.folder, path), text);
  }

  [Symbol.dispose](): void {
    rmSync(this.lab, { recursive: true, force: true });
  }

  /** @returns the path of the package */
  async #pack(): Promise<string> {
    const repository = join(this.lab, 'repository');
    for (const path of PACKED_FROM) cpSync(join(ROOT, path), join(repository, path), { recursive: true });
    for (const path of STAND_INS) writeTo(join(repository, path), '');
    symlinkSync(join(ROOT, 'node_modules'), join(repository, 'node_modules'), 'junction');
    await makeClientFiles(ROOT, join(repository, 'build/client'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', this.lab], {
      cwd: repository,
      env: inheritedEnvironment(),
    });
    const [{ filename }]: [{ filename: string }] = JSON.parse(stdout);
    return join(this.lab, filename);
  }

  async #install(archive: string): Promise<void> {
    this.write('package.json', JSON.stringify({ type: 'module', private: true }));
    mkdirSync(this.installed, { recursive: true });
    await run('tar', ['-xzf', archive, '-C', this.installed, '--strip-components=1']);
    for (const name of LINKED) {
      const link = join(this.folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), link, 'junction');
    }
  }
}

function writeTo(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
