/**
 * The import rules of `npm run check`. The tests apply the real configuration to a small tree that has the
 * rooms of the real one and one planted fault.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');

const TREE = {
  'src/runtime/application.ts': "export { text } from './text.ts';\n",
  'src/runtime/index.ts': "export { text } from './text.ts';\n",
  'src/runtime/text.ts': "import { log } from '../platform/log.ts';\n\nexport const text = log;\n",
  'src/platform/log.ts': "export const log = 'log';\n",
  'src/embedded-mongodb/index.ts': "export { store } from './store.ts';\n",
  'src/embedded-mongodb/store.ts': "import { log } from '../platform/log.ts';\n\nexport const store = log;\n",
  'src/cloudvm/index.ts':
    "import { store } from '../embedded-mongodb/index.ts';\nimport { text } from '../runtime/application.ts';\n\nexport const cloudvm = [store, text];\n",
  'src/cloudvm/contract/client-contract.ts': "export const ROUTES = ['/'];\n",
  'src/client/index.ts': "export { ROUTES } from '../cloudvm/contract/client-contract.ts';\n",
  'src/command/command.ts':
    "import { cloudvm } from '../cloudvm/index.ts';\nimport { text } from '../runtime/index.ts';\n\nexport const command = [cloudvm, text];\n",
};

let tree: string;

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'cloudvm-rules-'));
  for (const file of ['biome.json', 'import-types.grit', '.gitignore'])
    cpSync(join(ROOT, file), join(tree, file));
  for (const [path, text] of Object.entries(TREE)) write(path, text);
});

afterEach(() => rmSync(tree, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

/** @returns the exit code and what the linter said */
function lint(): Promise<{ code: unknown; output: string }> {
  const { promise, resolve: end } = Promise.withResolvers<{ code: unknown; output: string }>();
  execFile(process.execPath, [BIOME, 'lint', 'src'], { cwd: tree }, (error, stdout, stderr) =>
    end({ code: error?.code ?? 0, output: stdout + stderr }),
  );
  return promise;
}

test('`npm run check` passes if rooms use each other through their public modules', async () => {
  expect(await lint()).toMatchObject({ code: 0 });
});

test('`npm run check` fails if a room takes a type from another by an import type', async () => {
  write('src/cloudvm/x.ts', "export type Text = typeof import('../runtime/text.ts');\n");
  const { code, output } = await lint();
  expect(code).not.toBe(0);
  expect(output).toContain('Import types with an import declaration');
});

test('`npm run check` passes if the type of a package is an import type', async () => {
  write('src/cloudvm/x.ts', "export type Driver = typeof import('mongodb');\n");
  expect(await lint()).toMatchObject({ code: 0 });
});

test.each([
  ['the runtime imports the application', 'src/runtime/x.ts', '../cloudvm/index.ts'],
  ['the runtime imports the embedded database', 'src/runtime/x.ts', '../embedded-mongodb/index.ts'],
  ['the runtime imports the driver', 'src/runtime/x.ts', 'mongodb'],
  ['the embedded database imports the runtime', 'src/embedded-mongodb/x.ts', '../runtime/index.ts'],
  ['the embedded database imports the application', 'src/embedded-mongodb/x.ts', '../cloudvm/index.ts'],
  ['the platform imports a room', 'src/platform/x.ts', '../runtime/index.ts'],
  ['a room imports the command', 'src/cloudvm/x.ts', '../command/command.ts'],
  ['the application starts a server', 'src/cloudvm/vms/x.ts', '../../runtime/index.ts'],
  ['the application reaches into the runtime', 'src/cloudvm/vms/x.ts', '../../runtime/text.ts'],
  ['the application reaches into the database', 'src/cloudvm/x.ts', '../embedded-mongodb/store.ts'],
  ['the command reaches into the runtime', 'src/command/x.ts', '../runtime/text.ts'],
  ['the command reaches past the application', 'src/command/x.ts', '../embedded-mongodb/index.ts'],
  ['the client reaches into the application', 'src/client/x.ts', '../cloudvm/index.ts'],
  ['the client imports the runtime', 'src/client/x.ts', '../runtime/application.ts'],
  ['the client imports the schemas', 'src/client/x.ts', 'typebox'],
  ['the application imports the client', 'src/cloudvm/x.ts', '../client/index.ts'],
  ['a folder without rules of its own reaches into a room', 'src/billing/x.ts', '../runtime/text.ts'],
  ['a file beside the rooms reaches into a room', 'src/x.ts', './embedded-mongodb/store.ts'],
  ['a room imports the entry', 'src/embedded-mongodb/x.ts', '../main.ts'],
  ['a room imports a test', 'src/runtime/x.ts', '../../test/support/until.ts'],
  ['the application imports the core', 'src/cloudvm/x.ts', '../../assembly/record.ts'],
])('`npm run check` fails if %s', async (_title, path, specifier) => {
  write(path, `import * as x from '${specifier}';\n\nexport default x;\n`);
  const { code, output } = await lint();
  expect(code).toBe(1);
  expect(output).toContain(path);
  expect(output).toContain('noRestrictedImports');
});

test('`npm run check` fails if files import each other in a circle, even if they import only types', async () => {
  write('src/platform/one.ts', "import type { Two } from './two.ts';\n\nexport type One = Two | 1;\n");
  write('src/platform/two.ts', "import type { One } from './one.ts';\n\nexport type Two = One | 2;\n");
  const { code, output } = await lint();
  expect(code).toBe(1);
  expect(output).toContain('noImportCycles');
});
