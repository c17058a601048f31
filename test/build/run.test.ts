/** The launcher as the scripts of package.json call it, in a copy of what it needs. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleDigest, DIGEST_FILE } from '../../build/bundle-digest.mjs';
import { digestSection } from '../../build/core-digest.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const FILES = [
  'build/run.mjs',
  'build/become.mjs',
  'build/find-node.mjs',
  'build/bundle-digest.mjs',
  'build/bundle.ts',
  'build/core-digest.mjs',
  'build/source-digest.mjs',
  'build/make.ts',
];

let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'cloudvm-launcher-'));
  for (const path of [...FILES, 'package.json', 'asconfig.json']) cpSync(join(ROOT, path), join(copy, path));
  mkdirSync(join(copy, 'assembly'));
  writeFileSync(join(copy, 'assembly/index.ts'), '');
});

afterEach(() => rmSync(copy, { recursive: true, force: true }));

const launch = (...parameters: string[]) => launchWith({}, ...parameters);

function launchWith(variables: NodeJS.ProcessEnv, ...parameters: string[]) {
  const { promise, resolve: end } = Promise.withResolvers<{
    code: unknown;
    stdout: string;
    stderr: string;
  }>();
  const options = { cwd: copy, env: { ...process.env, ...variables } };
  execFile(process.execPath, ['build/run.mjs', ...parameters], options, (error, stdout, stderr) =>
    end({ code: error?.code ?? 0, stdout, stderr }),
  );
  return promise;
}

const installDependencies = () =>
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');

/** One that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('before `npm ci`, every script says that `npm ci` must run first', async () => {
  expect(await launch('--make', 'core', 'src/main.ts')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'The dependencies are not installed: run `npm ci` first.\n',
  });
});

test('the launcher gives the script its arguments, its environment and the pinned Node.js, and passes on its exit code', async () => {
  installDependencies();
  writeFileSync(
    join(copy, 'script.ts'),
    `const [, , ...rest]: string[] = process.argv;
     console.log(JSON.stringify([rest, process.execPath.includes('node-'), process.env['PATH'] !== undefined]));
     process.exitCode = 7;`,
  );
  expect(await launch('script.ts', '--flag', 'a b')).toEqual({
    code: 7,
    stdout: '[["--flag","a b"],true,true]\n',
    stderr: '',
  });
});

test('a signal to the launcher reaches the script', async () => {
  installDependencies();
  writeFileSync(
    join(copy, 'script.ts'),
    `process.on('SIGTERM', () => process.exit(5));
     setInterval(() => {}, 1000);
     console.log('ready');`,
  );
  const launcher = spawn(process.execPath, ['build/run.mjs', 'script.ts'], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(launcher, 'exit');
  await once(launcher.stdout, 'data');
  launcher.kill('SIGTERM');
  expect(await exit).toEqual([5, null]);
});

test.each(['start', 'dev', 'database'])(
  'no shell stands between npm and `npm run %s`, so a SIGTERM reaches it',
  (script) => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(scripts[script]).toMatch(/^\$\{npm_package_config_exec:-env\} /);
  },
);

test('without the compiler, a missing core ends in one sentence that says what to do', async () => {
  mkdirSync(join(copy, 'node_modules'));
  const name = `node-${process.platform}-${process.arch}`;
  symlinkSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name), 'junction');
  const { code, stderr } = await launch('--make', 'core', 'src/main.ts');
  expect(code).toBe(1);
  expect(stderr).toBe(
    'The build failed: build/core.wasm is missing, and what makes it is not installed: run `npm ci` without ' +
      '--omit=dev, or copy build/core.wasm from a tree that has it.\n',
  );
});

test('without the bundler, a fresh bundle is served, and a missing one ends in one sentence', async () => {
  mkdirSync(join(copy, 'node_modules'));
  const name = `node-${process.platform}-${process.arch}`;
  symlinkSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name), 'junction');
  const core = digestSection(copy);
  writeFileSync(join(copy, 'build/core.wasm'), core);
  const { code, stderr } = await launch('--make', 'js', 'build/js/main.js');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'The build failed: build/js is missing, and what makes it is not installed: run `npm ci` without ' +
      '--omit=dev, or copy build/js from a tree that has it.\n',
  });
  mkdirSync(join(copy, 'build/js'));
  writeFileSync(join(copy, 'build/js/main.js'), "console.log('served');");
  writeFileSync(join(copy, 'build/js', DIGEST_FILE), bundleDigest(copy));
  expect(await launch('--make', 'js', 'build/js/main.js')).toMatchObject({ code: 0, stdout: 'served\n' });
});

test('a debugger that Node.js options ask for finds the script, not the launcher', async () => {
  installDependencies();
  writeFileSync(
    join(copy, 'script.ts'),
    `import { url } from 'node:inspector';
     console.log(url() !== undefined);`,
  );
  // The launcher stays as the script's parent if it cannot become the script. As here, without execve.
  writeFileSync(join(copy, 'no-execve.mjs'), 'delete process.execve;');
  const NODE_OPTIONS = `--inspect=127.0.0.1:${await freePort()} --import=${join(copy, 'no-execve.mjs')}`;
  expect(await launchWith({ NODE_OPTIONS }, 'script.ts')).toMatchObject({ code: 0, stdout: 'true\n' });
});
