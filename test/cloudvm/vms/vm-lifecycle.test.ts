/** Starting, stopping and restarting VMs, and the operations that a client can follow. */
import { describe, expect, test, vi } from 'vitest';
import { ProviderError } from '../../../src/cloudvm/providers/provider.ts';
import { SimulatedProvider } from '../../../src/cloudvm/providers/simulated-provider.ts';
import { CloudVm } from '../front-door/support/cloudvm.ts';
import type { Answer } from '../front-door/support/in-process.ts';
import { askAs, twoUsers } from '../front-door/support/two-users.ts';

type Json = Record<string, unknown>;

const users = twoUsers();
const ask = askAs(users);
const web = { name: 'web', provider: 'local', region: 'here' };
const UNKNOWN = '0'.repeat(24);

const pathOf = (vm: Json) => `/api/vms/${String(vm['id'])}`;

/** Follows Operation-Location until the operation has ended. */
async function ended(begun: Answer): Promise<Json> {
  const path = String(begun.headers['operation-location']);
  return vi.waitFor(async () => {
    const { json, headers } = await ask('GET', path);
    expect(json['finishedAt'], 'when it ended').not.toBeNull();
    expect(headers['retry-after']).toBeUndefined();
    return json;
  });
}

async function createRunning(): Promise<Json> {
  const created = await ask('POST', '/api/vms', { body: web });
  expect(await ended(created)).toMatchObject({ kind: 'create', status: 'succeeded' });
  return (await ask('GET', pathOf(created.json))).json;
}

test('a creation is an operation that names the VM, and the VM runs once it has succeeded', async () => {
  const created = await ask('POST', '/api/vms', { body: web });
  expect(created.status).toBe(201);
  const id = /^\/api\/operations\/([0-9a-f]{24})$/.exec(String(created.headers['operation-location']))?.[1];
  const operation = await ended(created);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(operation).toEqual({
    id,
    vmId: created.json['id'],
    kind: 'create',
    status: 'succeeded',
    error: null,
    attempts: 1,
    createdAt: time,
    startedAt: time,
    finishedAt: time,
  });
  expect((await ask('GET', pathOf(created.json))).json).toMatchObject({ status: 'running', version: 2 });
});

test('a VM is stopped, started and restarted, and each change is an operation of its own', async () => {
  const vm = await createRunning();
  const go = async (action: string, during: string, after: string) => {
    const begun = await ask('POST', `${pathOf(vm)}/${action}`);
    expect(begun, action).toMatchObject({ status: 202, json: { id: vm['id'], status: during } });
    expect(begun.headers['etag']).toBe(`"${String(begun.json['version'])}"`);
    expect(await ended(begun)).toMatchObject({ kind: action, status: 'succeeded', vmId: vm['id'] });
    expect((await ask('GET', pathOf(vm))).json['status']).toBe(after);
  };
  await go('stop', 'stopping', 'stopped');
  await go('start', 'pending', 'running');
  await go('restart', 'pending', 'running');
  const { json } = await ask('GET', `${pathOf(vm)}/operations`);
  const kinds = (json['operations'] as Json[]).map(({ kind }) => kind);
  expect(kinds).toEqual(['restart', 'start', 'stop', 'create']);
  expect(json).toMatchObject({ total: 4, nextCursor: null });
});

describe('an action that the status does not allow', () => {
  test('is 409 with a cause that will not pass by itself', async () => {
    const vm = await createRunning();
    const answer = await ask('POST', `${pathOf(vm)}/start`);
    expect(answer).toMatchObject({
      status: 409,
      json: { type: '/problems/vm-status-conflict', detail: 'This is not possible while the VM is running.' },
    });
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  test('is 409 with Retry-After while an operation goes on', async () => {
    await using slow = await CloudVm.open({ simulatedDelayMs: 60_000 });
    const token = await slow.register();
    const { json } = await slow.http.ask('POST', '/api/vms', { token, body: web });
    for (const [method, path] of [
      ['POST', '/stop'],
      ['POST', '/restart'],
      ['POST', '/start'],
      ['DELETE', ''],
    ] as const) {
      expect(await slow.http.ask(method, pathOf(json) + path, { token })).toMatchObject({
        status: 409,
        headers: { 'retry-after': '1' },
        json: { type: '/problems/vm-pending' },
      });
    }
    const snapshot = await slow.http.ask('POST', `${pathOf(json)}/snapshots`, { token, body: { name: 's' } });
    expect(snapshot).toMatchObject({ status: 409, json: { type: '/problems/vm-pending' } });
  });
});

test('an operation that goes on says when to ask again', async () => {
  await using slow = await CloudVm.open({ simulatedDelayMs: 60_000 });
  const token = await slow.register();
  const { headers } = await slow.http.ask('POST', '/api/vms', { token, body: web });
  const operation = await slow.http.ask('GET', String(headers['operation-location']), { token });
  expect(operation).toMatchObject({
    status: 200,
    headers: { 'retry-after': '1' },
    json: { status: 'running', attempts: 1, finishedAt: null, error: null },
  });
});

test('a hypervisor that always fails leaves the VM in error, from where it can be started', async () => {
  const provider = new SimulatedProvider({ delayMs: 0, failureRate: 0 });
  provider.create = async () => {
    throw new ProviderError('there is no such region', { isPermanent: true });
  };
  const providers = { aws: provider, azure: provider, gcp: provider, local: provider };
  await using failing = await CloudVm.open({ providers });
  const token = await failing.register();
  const created = await failing.http.ask('POST', '/api/vms', { token, body: web });
  const operation = await vi.waitFor(async () => {
    const { json } = await failing.http.ask('GET', String(created.headers['operation-location']), { token });
    expect(json['status']).toBe('failed');
    return json;
  });
  expect(operation).toMatchObject({ error: 'there is no such region', attempts: 1 });
  expect((await failing.http.ask('GET', pathOf(created.json), { token })).json['status']).toBe('error');
  const started = await failing.http.ask('POST', `${pathOf(created.json)}/start`, { token });
  expect(started).toMatchObject({ status: 202, json: { status: 'pending' } });
});

describe('preconditions', () => {
  test('an action with an If-Match that does not match is 412, and nothing begins', async () => {
    const vm = await createRunning();
    const headers = { 'If-Match': '"1"' };
    expect((await ask('POST', `${pathOf(vm)}/stop`, { headers })).status).toBe(412);
    expect((await ask('GET', pathOf(vm))).json).toEqual(vm);
    const matching = { 'If-Match': `"${String(vm['version'])}"` };
    expect((await ask('POST', `${pathOf(vm)}/stop`, { headers: matching })).status).toBe(202);
  });
});

describe('what belongs to somebody else, or does not exist, is 404', () => {
  test.each([
    ['POST', '/start', undefined],
    ['POST', '/stop', undefined],
    ['POST', '/restart', undefined],
    ['GET', '/operations', undefined],
    ['GET', '/snapshots', undefined],
    ['POST', '/snapshots', { name: 'before' }],
    ['PUT', '/tags/key', { value: 'v' }],
    ['DELETE', '/tags/key', undefined],
  ])('%s /api/vms/:id%s', async (method, path, body) => {
    const vm = await createRunning();
    const question = body === undefined ? {} : { body };
    expect((await ask(method, pathOf(vm) + path, { ...question, token: users.bob })).status).toBe(404);
    expect((await ask(method, `/api/vms/${UNKNOWN}${path}`, question)).status).toBe(404);
    expect((await ask(method, `/api/vms/nonsense${path}`, question)).status).toBe(404);
    expect((await ask('GET', pathOf(vm))).json).toEqual(vm);
  });

  test('an operation', async () => {
    const created = await ask('POST', '/api/vms', { body: web });
    const path = String(created.headers['operation-location']);
    expect((await ask('GET', path, { token: users.bob })).status).toBe(404);
    expect((await ask('GET', `/api/operations/${UNKNOWN}`)).status).toBe(404);
    expect((await ask('GET', '/api/operations/x')).status).toBe(404);
    expect((await ask('GET', path)).status).toBe(200);
  });
});

test('the operations of a VM come in pages, the newest first, and each once', async () => {
  const vm = await createRunning();
  for (const action of ['stop', 'start', 'restart', 'restart', 'stop']) {
    await ended(await ask('POST', `${pathOf(vm)}/${action}`));
  }
  const seen: unknown[] = [];
  let cursor = '';
  do {
    const { status, json } = await ask('GET', `${pathOf(vm)}/operations?limit=2${cursor}`);
    expect(status).toBe(200);
    expect(json['total']).toBe(6);
    seen.push(...(json['operations'] as Json[]).map(({ kind }) => kind));
    cursor = json['nextCursor'] === null ? '' : `&cursor=${String(json['nextCursor'])}`;
  } while (cursor !== '');
  expect(seen).toEqual(['stop', 'restart', 'restart', 'start', 'stop', 'create']);
  const malformed = await ask('GET', `${pathOf(vm)}/operations?cursor=nonsense`);
  expect(malformed).toMatchObject({ status: 422, json: { errors: [{ path: '/cursor' }] } });
});
