/**
 * `cloudvm-backend/client` as its users have it: packed by npm, unpacked into a project that has nothing else
 * but undici, and used from plain JavaScript and from TypeScript.
 */
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientTypes } from '../../build/client-types.ts';
import { inheritedEnvironment } from '../support/environment.ts';
import { Project, ROOT } from './support/project.ts';
import { answerJson, ID, OPERATION, ScriptedServer, VM } from './support/scripted-server.ts';

const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc');
const COMPILER_OPTIONS = {
  noEmit: true,
  strict: true,
  module: 'nodenext',
  target: 'es2022',
  types: ['node'],
};

const run = promisify(execFile);
let project: Project;

beforeAll(async () => {
  project = await Project.make();
});

afterAll(() => project[Symbol.dispose]());

/** @returns what the compiler says: nothing if the folder is right */
async function compile(folder: string, config: object): Promise<string> {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  return run(process.execPath, [COMPILER, '-p', folder], { cwd: folder }).then(
    ({ stdout }) => stdout,
    ({ stdout }) => String(stdout),
  );
}

test('the package holds the client and the bundle of the server, and no sources', () => {
  const paths = readdirSync(project.installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(project.installed, join(parentPath, name)));
  expect(paths).toEqual(
    expect.arrayContaining([
      'package.json',
      'README.md',
      'LICENSE',
      'build/client/index.js',
      'build/client/types/client/index.d.ts',
      'build/js/main.js',
    ]),
  );
  const known = /^(package\.json|README\.md|LICENSE|build\/js\/main\.js|build\/client\/.*\.(js|d\.ts))$/;
  expect(paths.filter((path) => !known.test(path))).toEqual([]);
});

test('one file of plain JavaScript needs only undici and Node.js', () => {
  const text = readFileSync(join(project.installed, 'build/client/index.js'), 'utf8');
  const imports = [...text.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name);
  expect(new Set(imports)).toEqual(new Set(['undici', 'node:crypto', 'node:timers/promises']));
  expect(readdirSync(join(project.installed, 'build/client')).sort()).toEqual(['index.js', 'types']);
});

test('a plain JavaScript module uses it', async () => {
  await using server = await ScriptedServer.start((response, { url }) => {
    if (url.startsWith('/api/operations/')) answerJson(response, 200, OPERATION);
    else if (url.startsWith('/api/vms/events')) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(`id: 1\nevent: vm\ndata: ${JSON.stringify(VM)}\n\n`);
    } else answerJson(response, 200, VM, { 'Operation-Location': `/api/operations/${OPERATION.id}` });
  });
  project.write(
    'main.mjs',
    `import { CloudVmClient, CloudVmProblem } from 'cloudvm-backend/client';
     const client = new CloudVmClient({ url: process.argv[2], token: 'secret' });
     const { operation } = await client.vms.start('${ID}');
     const { status } = await client.waitFor(operation);
     for await (const { event, data } of client.events()) {
       console.log(status, event, data.name, typeof CloudVmProblem);
       break;
     }
     await client.close();`,
  );
  const { stdout, stderr } = await run(process.execPath, ['main.mjs', server.url], {
    cwd: project.folder,
    env: inheritedEnvironment(),
  });
  expect({ stdout, stderr }).toEqual({ stdout: 'succeeded vm web function\n', stderr: '' });
});

describe('a TypeScript project', () => {
  const USE = `
    import { CloudVmClient, CloudVmProblem, type Vm } from 'cloudvm-backend/client';
    export async function use(client: CloudVmClient): Promise<Vm | undefined> {
      const { vm, operation } = await client.vms.create({ name: 'web', provider: 'aws', region: 'eu' });
      const { attempts }: { attempts: number } = await client.waitFor(operation);
      for await (const { status } of client.vms.all({ status: ['running'], limit: attempts })) {
        if (status === 'stopped') return vm;
      }
      for await (const change of client.events()) {
        if (change.event === 'snapshot') return client.vms.get(change.data.vmId);
      }
      const { body } = await client.request('setVmTag', { path: { id: vm.id, key: 'a' }, body: { value: 'b' } });
      return body;
    }
    export const isBusy = (error: unknown): boolean => error instanceof CloudVmProblem && error.is('vm-pending');
  `;

  test.each([
    ['with node', {}],
    ['with a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
    ['with exact optional properties', { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }],
    ['that checks the declarations of its packages', { lib: ['es2024', 'esnext'], skipLibCheck: false }],
  ])('compiles %s', async (_title, options) => {
    project.write('main.ts', USE);
    const compilerOptions = { ...COMPILER_OPTIONS, skipLibCheck: true, ...options };
    expect(await compile(project.folder, { compilerOptions })).toBe('');
  });

  test('does not compile with what the API does not have', async () => {
    const mistakes = [
      "client.vms.list({ status: ['broken'] })",
      "client.vms.create({ name: 'web', provider: 'aws' })",
      "client.vms.update('1', { status: 'running' })",
      "client.request('getVm', { path: { vm: '1' } })",
      "client.request('getVm', {})",
      "client.request('getVms', {})",
      "client.request('getVm', { path: { id: '1' }, idempotencyKey: 'k' })",
      "problem.is('vm-bussy')",
    ];
    const imports = "import type { CloudVmClient, CloudVmProblem } from 'cloudvm-backend/client';";
    const names = 'declare const client: CloudVmClient; declare const problem: CloudVmProblem;';
    project.write('main.ts', [imports, names, ...mistakes.map((mistake) => `void ${mistake};`)].join('\n'));
    const said = await compile(project.folder, {
      compilerOptions: { ...COMPILER_OPTIONS, skipLibCheck: true },
    });
    const lines = [...said.matchAll(/^main\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    expect(new Set(lines)).toEqual(new Set(mistakes.map((_, index) => index + 3)));
  });
});

test('the types that are written out are those of the schemas', async () => {
  const contract = join(ROOT, 'src/cloudvm/contract');
  cpSync(join(contract, 'routes.ts'), join(project.lab, 'routes.ts'));
  writeFileSync(join(project.lab, 'package.json'), '{"type":"module"}');
  const written = clientTypes();
  writeFileSync(join(project.lab, 'written.ts'), written);
  const names = [...written.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name);
  expect(names).toContain('Calls');
  expect(names).toContain('ProblemName');
  const checks = names.map((name) => `  ${name}: Same<Schemas.${name}, Written.${name}>;`);
  writeFileSync(
    join(project.lab, 'same.ts'),
    `import type * as Schemas from '${join(contract, 'client-contract.ts')}';
     import type * as Written from './written.ts';
     type Plain<T> = T extends object ? { [Name in keyof T]: Plain<T[Name]> } : T;
     type Same<One, Other> =
       (<T>() => T extends Plain<One> ? 1 : 2) extends (<T>() => T extends Plain<Other> ? 1 : 2) ? true : false;
     interface Checks {\n${checks.join('\n')}\n}
     declare const checks: Checks;
     export const all: Readonly<Record<keyof Checks, true>> = checks;`,
  );
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { rootDir: '/', typeRoots: [join(ROOT, 'node_modules/@types')] },
    files: ['same.ts', join(ROOT, 'src/runtime/memory/webassembly.d.ts')],
    include: [],
  };
  expect(await compile(project.lab, config)).toBe('');
});
