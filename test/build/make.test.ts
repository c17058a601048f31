/** build/make.ts in a copy of what it needs, so that the core that other tests load is left alone. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
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
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inheritedEnvironment } from '../support/environment.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TOOLS = [
  'asconfig.json',
  'build/bundle-digest.mjs',
  'build/bundle.ts',
  'build/client-types.ts',
  'build/client.ts',
  'build/core-digest.mjs',
  'build/entries',
  'build/make.ts',
  'build/source-digest.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
const IN_BUILD = TOOLS.filter((path) => path.startsWith('build/')).map((path) => basename(path));
const BUILD_TIMEOUT_MS = 180_000;
/** A small core, which compiles quickly. Its size does not matter for staleness. */
const SMALL_CORE = 'export function parse(address: i32, length: i32): i32 { return address + length; }\n';

const run = promisify(execFile);
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'cloudvm-build-'));
  for (const path of TOOLS) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
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

describe('--if-stale core', () => {
  test(
    'makes a missing core, even if two processes start simultaneously',
    async () => {
      writeSource(SMALL_CORE);
      const outcomes = await Promise.all([make('--if-stale', 'core'), make('--if-stale', 'core')]);
      for (const { stdout, stderr } of outcomes) {
        // The later one may have found the core of the earlier one.
        expect(stdout).toMatch(
          /^(Compiling the core\..*\nMade build\/core\.wasm and build\/core\.wat in [\d.]+ s\.\n)?$/,
        );
        expect(stderr).toBe('');
      }
      expect(() => new WebAssembly.Module(coreBytes())).not.toThrow();
      expect(filesIn('build')).toEqual([...IN_BUILD, 'core.wasm', 'core.wat'].sort());
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    'keeps a core that was made of the same sources, and makes it again when a byte of them changes',
    async () => {
      writeSource(SMALL_CORE);
      await make('--if-stale', 'core');
      // A copied tree has time stamps in any order.
      const longAgo = new Date(0);
      utimesSync(join(copy, 'build/core.wasm'), longAgo, longAgo);
      expect(await make('--if-stale', 'core')).toMatchObject({ stdout: '', stderr: '' });
      writeSource(`${SMALL_CORE} `);
      expect((await make('--if-stale', 'core')).stdout).toMatch(/\nMade build\/core\.wasm and/);
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    'keeps the old core and reports the reason when a source does not compile',
    async () => {
      writeSource(SMALL_CORE);
      await make('--if-stale', 'core');
      const before = coreBytes();
      writeSource('export function parse(): i32 { return missing; }\n');
      await expect(make('--if-stale', 'core')).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /Cannot find name 'missing'[\s\S]*The build failed: .*asc\.js ended with code 1/,
        ),
      });
      expect(coreBytes().equals(before)).toBe(true);
      expect(filesIn('build')).toEqual([...IN_BUILD, 'core.wasm', 'core.wat'].sort());
    },
    BUILD_TIMEOUT_MS,
  );
});

describe('the full build', () => {
  test(
    'serves requests as plain JavaScript, without the sources and without node_modules',
    async () => {
      copyBuildable();
      const { stdout } = await make();
      expect(stdout).toMatch(
        /\nMade build\/core\.wasm and build\/core\.wat in .*\nMade build\/js in .*\nMade build\/client in /,
      );
      keepOnlyTheBundle();
      await using server = await serve({ WORKERS: '2' });
      const response = await fetch(`${server.url}/health/ready`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ status: 'ready' });
      expect(await statusesOfDocs(server.url)).toEqual([200, 200, 200]);
      expect(await server.stop()).toEqual([0, null]);
      expect(filesIn('build/js/cache')).not.toEqual([]);
    },
    BUILD_TIMEOUT_MS,
  );

  test.each([
    ['with the sources at their place', () => {}],
    ['without the sources', keepOnlyTheBundle],
  ])(
    'shares its runtime with an application that imports the one of the sources, %s',
    async (_title, prepare) => {
      await makeOnlyBundle();
      prepare();
      writeFileSync(
        join(copy, 'hello.mts'),
        `import { HttpProblem, type Router } from './src/runtime/application.ts';

         export function routes(router: Router): void {
           router.get('/problem', () => {
             throw new HttpProblem(418, 'A teapot.');
           });
           router.get('/mistake', (_request, response) => response.status(1_000));
         }`,
      );
      await using server = await serve({ WORKERS: '1', APP: join(copy, 'hello.mts') });
      // Another copy's HttpProblem would be any error, which is answered with 500.
      expect((await fetch(`${server.url}/problem`)).status).toBe(418);
      expect((await fetch(`${server.url}/mistake`)).status).toBe(500);
      expect(await server.stop()).toEqual([0, null]);
      // Stacks name the sources, where the bundle was made of them.
      expect(server.output).toMatch(/src\/runtime\/http\/response\/[\w-]+\.ts:\d+/);
      expect(server.output).toMatch(/hello\.mts:7/);
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    'is made again by `--if-stale js` when a source changes, and only then',
    async () => {
      await makeOnlyBundle();
      expect(await make('--if-stale', 'js')).toMatchObject({ stdout: '', stderr: '' });
      appendFileSync(join(copy, 'src/main.ts'), '\n');
      expect((await make('--if-stale', 'js')).stdout).toMatch(/^Made build\/js in [\d.]+ s\.\n$/);
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    'keeps the old bundle and reports the reason when a source cannot be read',
    async () => {
      await makeOnlyBundle();
      const before = filesIn('build/js');
      writeFileSync(join(copy, 'src/main.ts'), "import { nothing } from './missing.ts';\n");
      await expect(make('--if-stale', 'js')).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /Could not resolve "\.\/missing\.ts"[\s\S]*The build failed: the sources cannot be bundled\.\n$/,
        ),
      });
      expect(filesIn('build/js')).toEqual(before);
    },
    BUILD_TIMEOUT_MS,
  );
});

function copyBuildable(): void {
  for (const path of ['assembly', 'src']) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
}

/** With the core of this repository, which takes longer to make than the bundle. */
async function makeOnlyBundle(): Promise<void> {
  copyBuildable();
  cpSync(join(ROOT, 'build/core.wasm'), join(copy, 'build/core.wasm'));
  await make('--if-stale', 'js');
}

function keepOnlyTheBundle(): void {
  for (const path of ['assembly', 'src', 'build/core.wasm']) rmSync(join(copy, path), { recursive: true });
  rmSync(join(copy, 'node_modules'));
}

/** Of the scripts and styles that the page loads. */
async function statusesOfDocs(url: string): Promise<number[]> {
  const page = await (await fetch(`${url}/docs`)).text();
  const paths = [...page.matchAll(/"(\/docs\/[^"]+)"/g)].map(([, path]) => path);
  return Promise.all(paths.map(async (path) => (await fetch(url + path)).status));
}

/** The server of the bundle. */
async function serve(settings: NodeJS.ProcessEnv) {
  const { NODE_COMPILE_CACHE: _ofTests, ...environment } = inheritedEnvironment();
  const child = spawn(process.execPath, ['build/js/main.js'], {
    cwd: copy,
    env: { ...environment, HOST: '127.0.0.1', PORT: '0', DATA_DIR: join(copy, 'data'), ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exit = once(child, 'exit');
  const stop = (): Promise<unknown[]> => {
    child.kill('SIGTERM');
    return exit;
  };
  return {
    url: await addressOf(child),
    stop,
    get output() {
      return output;
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the server was started without a pipe');
  const { promise, resolve: found, reject } = Promise.withResolvers<string>();
  createInterface(stdout)
    .on('line', (line) => {
      const url = /listening on (http:[^\s"]+)/.exec(line)?.[1];
      if (url !== undefined) found(url);
    })
    .once('close', () => reject(new Error('the server ended before it listened')));
  return promise;
}
