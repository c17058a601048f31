/** build/make.ts in a copy of what it needs, so that the core that other tests load is left alone. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inheritedEnvironment } from '../support/environment.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TOOLS = [
  'asconfig.json',
  'build/core-digest.mjs',
  'build/make.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.build.json',
  'tsconfig.json',
];
const BUILD_TIMEOUT_MS = 180_000;
/** A small core, which compiles quickly. Its size does not matter for staleness. */
const SMALL_CORE = 'export function parse(address: i32, length: i32): i32 { return address + length; }\n';

const run = promisify(execFile);
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'cloudvm-build-'));
  for (const path of TOOLS) cpSync(join(ROOT, path), join(copy, path));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
});

afterEach(() => rmSync(copy, { recursive: true, force: true }));

function make(...parameters: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, ['build/make.ts', ...parameters], { cwd: copy });
}

function filesIn(path: string): string[] {
  return readdirSync(join(copy, path)).sort();
}

function coreBytes(): NonSharedBuffer {
  return readFileSync(join(copy, 'build/core.wasm'));
}

function writeSource(text: string): void {
  mkdirSync(join(copy, 'assembly'), { recursive: true });
  writeFileSync(join(copy, 'assembly/index.ts'), text);
}

describe('--if-stale', () => {
  test(
    'makes a missing core, even if two processes start simultaneously',
    async () => {
      writeSource(SMALL_CORE);
      const outcomes = await Promise.all([make('--if-stale'), make('--if-stale')]);
      for (const { stdout, stderr } of outcomes) {
        // The later one may have found the core of the earlier one.
        expect(stdout).toMatch(/^(Compiling the core\..*\nMade build\/core\.wasm in [\d.]+ s\.\n)?$/);
        expect(stderr).toBe('');
      }
      expect(() => new WebAssembly.Module(coreBytes())).not.toThrow();
      expect(filesIn('build')).toEqual(['core-digest.mjs', 'core.wasm', 'core.wat', 'make.ts']);
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    'keeps a core that was made of the same sources, and makes it again when a byte of them changes',
    async () => {
      writeSource(SMALL_CORE);
      await make('--if-stale');
      // A copied tree has time stamps in any order.
      const longAgo = new Date(0);
      utimesSync(join(copy, 'build/core.wasm'), longAgo, longAgo);
      expect(await make('--if-stale')).toMatchObject({ stdout: '', stderr: '' });
      writeSource(`${SMALL_CORE} `);
      expect((await make('--if-stale')).stdout).toMatch(/\nMade build\/core\.wasm in/);
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    'keeps the old core and reports the reason when a source does not compile',
    async () => {
      writeSource(SMALL_CORE);
      await make('--if-stale');
      const before = coreBytes();
      writeSource('export function parse(): i32 { return missing; }\n');
      await expect(make('--if-stale')).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /Cannot find name 'missing'[\s\S]*The build failed: .*asc\.js ended with code 1/,
        ),
      });
      expect(coreBytes().equals(before)).toBe(true);
      expect(filesIn('build')).toEqual(['core-digest.mjs', 'core.wasm', 'core.wat', 'make.ts']);
    },
    BUILD_TIMEOUT_MS,
  );
});

test(
  'the full build serves requests as plain JavaScript, without the sources',
  async () => {
    for (const path of ['assembly', 'src']) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
    const { stdout } = await make();
    expect(stdout).toMatch(/\nMade build\/core\.wasm, build\/core\.wat and build\/js in/);
    expect(filesIn('build')).toEqual(['core-digest.mjs', 'core.wasm', 'core.wat', 'js', 'make.ts']);
    for (const path of ['assembly', 'src', 'build/core.wasm']) rmSync(join(copy, path), { recursive: true });

    const server = spawn(process.execPath, ['build/js/src/main.js'], {
      cwd: copy,
      env: {
        ...inheritedEnvironment(),
        HOST: '127.0.0.1',
        PORT: '0',
        WORKERS: '2',
        DATA_DIR: join(copy, 'data'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(server, 'exit');
    try {
      const url = await addressOf(server);
      const response = await fetch(`${url}/health`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ status: 'ok' });
    } finally {
      server.kill('SIGTERM');
    }
    expect(await exit).toEqual([0, null]);
  },
  BUILD_TIMEOUT_MS,
);

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the server was started without a pipe');
  const { promise, resolve: found, reject } = Promise.withResolvers<string>();
  createInterface(stdout)
    .on('line', (line) => {
      const url = /listening on (http:\S+)/.exec(line)?.[1];
      if (url !== undefined) found(url);
    })
    .once('close', () => reject(new Error('the server ended before it listened')));
  return promise;
}
