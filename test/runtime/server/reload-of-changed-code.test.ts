/** A reload loads new versions of the application, and refuses a new version of the runtime. */

import { cpSync, mkdtempDisposableSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { ServerProcess } from './support/server-process.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const COPIED = ['src', 'assembly', 'build/core.wasm', 'package.json', 'test/fixtures'];

/** A copy of what a server needs, whose sources the test may change. */
function copyTree(): { readonly path: string } & Disposable {
  const copy = mkdtempDisposableSync(join(tmpdir(), 'cloudvm-tree-'));
  for (const path of COPIED) cpSync(join(ROOT, path), join(copy.path, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy.path, 'node_modules'), 'junction');
  return { path: copy.path, [Symbol.dispose]: () => copy.remove() };
}

function change(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test('the runtime must not change, and the application may', async () => {
  using tree = copyTree();
  const app = join(tree.path, 'test/fixtures/echo-app.ts');
  await using server = new ServerProcess({ APP: app }, [], join(tree.path, 'src/main.ts'));
  using client = await RawClient.connect(await server.port);
  await server.complete;

  // Two words of the shared memory in exchange: workers of this version would misunderstand main.
  const layout = join(tree.path, 'src/runtime/memory/layout.ts');
  change(layout, 'queueHead: 1,\n  queueTail: 2,', 'queueHead: 2,\n  queueTail: 1,');
  server.child.kill('SIGHUP');
  await until('the reload is refused', () =>
    server.output.includes('The runtime has changed since the process was started'),
  );
  for (let number = 0; number < 20; number++) {
    expect((await client.get('/health')).body.toString()).toBe('{"status":"ok"}');
  }

  change(layout, 'queueHead: 2,\n  queueTail: 1,', 'queueHead: 1,\n  queueTail: 2,');
  change(app, "{ status: 'ok' }", "{ status: 'changed' }");
  server.child.kill('SIGHUP');
  await until('the reload has ended', () => server.output.includes('all workers were replaced'));
  expect((await client.get('/health')).body.toString()).toBe('{"status":"changed"}');
  server.child.kill('SIGTERM');
  expect(await server.exitCode()).toBe(0);
});
