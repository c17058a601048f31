/** The example of src/cloudvm/providers/README.md, loaded by the server. The test plays the cloud. */
import { once } from 'node:events';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { CloudVmProcess, spawnServer } from '../front-door/support/cloudvm-process.ts';

const README = join(import.meta.dirname, '../../../src/cloudvm/providers/README.md');
const WAIT = { timeout: 45_000, interval: 50 };

interface Cloud extends AsyncDisposable {
  readonly url: string;
  /** What has changed the cloud, in order. */
  readonly changes: readonly string[];
  /** What is there, by path. */
  readonly things: ReadonlyMap<string, { state: string }>;
  /** So many requests fail from now on. */
  failures: number;
}

/** Keeps the promises that the example relies on: PUT and DELETE can be repeated, a POST is done once. */
async function startCloud(): Promise<Cloud> {
  const changes: string[] = [];
  const things = new Map<string, { state: string }>();
  const keys = new Set<unknown>();
  const server = createServer(async (request, response) => {
    const { method, url = '', headers } = request;
    if (cloud.failures > 0) {
      cloud.failures -= 1;
      response.writeHead(503).end('Acme is away');
      return;
    }
    const [path = '', power] = url.split(/(?=\/(?:power|reboots)$)/);
    const body = method === 'PUT' ? await json(request) : undefined;
    const { region, power: wanted } = { region: '', power: '', ...(body as object) };
    const key = headers['idempotency-key'];
    if (headers['fencing-token'] === undefined || key === undefined) response.writeHead(400);
    else if (region === 'nowhere') response.writeHead(422);
    else if (method === 'PUT' && power === undefined && !things.has(path)) {
      things.set(path, { state: path.includes('/snapshots/') ? 'ready' : 'stopped' });
      changes.push(path.includes('/snapshots/') ? 'snapshot' : 'create');
    } else if (method === 'DELETE' && !things.delete(path)) response.writeHead(404);
    else if (method === 'DELETE') changes.push('delete');
    else if (method === 'POST' && !keys.has(key)) {
      keys.add(key);
      changes.push('reboot');
    } else if (method === 'PUT' && power !== undefined) {
      things.set(path, { state: wanted === 'on' ? 'running' : 'stopped' });
      changes.push(`power ${wanted}`);
    }
    response.end(method === 'GET' ? JSON.stringify(things.get(path) ?? {}) : '');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const cloud: Cloud = {
    url: `http://127.0.0.1:${port}`,
    changes,
    things,
    failures: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
  return cloud;
}

/** @returns the path of the module */
async function writeExample(directory: string): Promise<string> {
  const example = /^```js acme-provider\.js\n(.*?)^```$/ms.exec(await readFile(README, 'utf8'))?.[1];
  const path = join(directory, 'acme-provider.js');
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await writeFile(path, String(example));
  return path;
}

test('the example carries out every operation, also when the cloud fails now and then', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'cloudvm-test-'));
  await using cloud = await startCloud();
  const PROVIDERS = `local=${await writeExample(directory.path)}`;
  await using server = await CloudVmProcess.start(join(directory.path, 'data'), {
    PROVIDERS,
    ACME_URL: cloud.url,
  });
  const account = { email: 'ada@example.com', username: 'ada', password: 'correct horse battery' };
  const registered = await server.ask('POST', '/api/auth/register', { body: account });
  const token = String(registered.json['token']);
  /** @returns the id of what was made, and how the operation has ended */
  const carryOut = async (path: string, body?: unknown) => {
    const { json: made, headers } = await server.ask('POST', path, { token, body });
    const operation = String(headers.get('operation-location'));
    const ended = await vi.waitFor(async () => {
      const { json: operationNow } = await server.ask('GET', operation, { token });
      expect(operationNow['status']).toBeOneOf(['succeeded', 'failed']);
      return operationNow;
    }, WAIT);
    return { id: String(made['id']), ended };
  };

  cloud.failures = 1;
  const vm = { name: 'web', provider: 'local', region: 'here' };
  const { id, ended } = await carryOut('/api/vms', vm);
  expect(ended).toMatchObject({ status: 'succeeded', attempts: 2 });
  for (const action of ['restart', 'stop', 'start']) await carryOut(`/api/vms/${id}/${action}`);
  const snapshot = await carryOut(`/api/vms/${id}/snapshots`, { name: 'before' });
  await server.ask('DELETE', `/api/snapshots/${snapshot.id}`, { token });
  await vi.waitFor(() => expect(cloud.changes).toContain('delete'), WAIT);
  await server.ask('DELETE', `/api/vms/${id}`, { token });
  await vi.waitFor(() => expect(cloud.things.size).toBe(0), WAIT);
  expect(cloud.changes).toEqual([
    ...['create', 'power on', 'reboot', 'power off', 'power on'],
    ...['snapshot', 'delete', 'delete'],
  ]);

  const refused = await carryOut('/api/vms', { ...vm, region: 'nowhere' });
  const error = 'Acme has no such region or size';
  expect(refused.ended).toMatchObject({ status: 'failed', attempts: 1, error });
}, 120_000);

test('without what it needs the server does not start, and says what the provider has said', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'cloudvm-test-'));
  const module = await writeExample(directory.path);
  const child = spawnServer(join(directory.path, 'data'), { PROVIDERS: `local=${module}` });
  child.stdout.resume();
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(errors).toContain(`The provider ${module} for local cannot be used: ACME_URL is not set`);
  expect(code).toBe(3);
}, 60_000);
