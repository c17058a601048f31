/** Snapshots through the front door: taken, read, listed, deleted, and gone with their VM. */
import { expect, test, vi } from 'vitest';
import { CloudVm } from '../front-door/support/cloudvm.ts';
import { askAs, twoUsers } from '../front-door/support/two-users.ts';

type Json = Record<string, unknown>;

const users = twoUsers();
const ask = askAs(users);
const until = (path: string, status: string) =>
  vi.waitFor(async () => {
    const { json } = await ask('GET', path);
    expect(json['status']).toBe(status);
    return json;
  });

async function createRunning(): Promise<string> {
  const { json } = await ask('POST', '/api/vms', {
    body: { name: 'web', provider: 'local', region: 'here' },
  });
  const path = `/api/vms/${String(json['id'])}`;
  await until(path, 'running');
  return path;
}

async function take(vm: string, name = 'before'): Promise<string> {
  const { headers } = await ask('POST', `${vm}/snapshots`, { body: { name } });
  const path = String(headers['location']);
  await until(path, 'ready');
  return path;
}

test('a snapshot is pending, then ready, and its operation says so', async () => {
  const vm = await createRunning();
  const before = (await ask('GET', vm)).json;
  const taken = await ask('POST', `${vm}/snapshots`, { body: { name: 'before the upgrade' } });
  expect(taken).toMatchObject({
    status: 202,
    json: { vmId: before['id'], name: 'before the upgrade', status: 'pending' },
  });
  expect(taken.headers['location']).toBe(`/api/snapshots/${String(taken.json['id'])}`);
  const snapshot = await until(String(taken.headers['location']), 'ready');
  expect(snapshot).toEqual({ ...taken.json, status: 'ready' });
  const operation = await until(String(taken.headers['operation-location']), 'succeeded');
  expect(operation).toMatchObject({ kind: 'snapshot', vmId: before['id'] });
  expect((await ask('GET', vm)).json, 'the VM is as it was').toEqual(before);
});

test('a stopped VM can have a snapshot too', async () => {
  const vm = await createRunning();
  await ask('POST', `${vm}/stop`);
  await until(vm, 'stopped');
  expect((await ask('POST', `${vm}/snapshots`, { body: { name: 's' } })).status).toBe(202);
});

test('snapshots are listed in pages, the newest first', async () => {
  const vm = await createRunning();
  for (const name of ['one', 'two', 'three']) await take(vm, name);
  const first = (await ask('GET', `${vm}/snapshots?limit=2`)).json;
  expect(first).toMatchObject({ total: 3, snapshots: [{ name: 'three' }, { name: 'two' }] });
  const second = (await ask('GET', `${vm}/snapshots?limit=2&cursor=${String(first['nextCursor'])}`)).json;
  expect(second).toMatchObject({ total: 3, snapshots: [{ name: 'one' }], nextCursor: null });
});

test('a snapshot is deleted once, and its removal is no operation that clients see', async () => {
  const vm = await createRunning();
  const path = await take(vm);
  const operations = (await ask('GET', `${vm}/operations`)).json['total'];
  expect((await ask('DELETE', path)).status).toBe(204);
  expect((await ask('DELETE', path)).status).toBe(404);
  expect((await ask('GET', path)).status).toBe(404);
  expect((await ask('GET', `${vm}/snapshots`)).json).toMatchObject({ snapshots: [], total: 0 });
  expect((await ask('GET', `${vm}/operations`)).json['total']).toBe(operations);
});

test('a pending snapshot is not deleted', async () => {
  await using slow = await CloudVm.open({ simulatedDelayMs: 500 });
  const token = await slow.register();
  const body = { name: 'web', provider: 'local', region: 'here' };
  const { json } = await slow.http.ask('POST', '/api/vms', { token, body });
  const vm = `/api/vms/${String(json['id'])}`;
  await vi.waitFor(async () => {
    expect((await slow.http.ask('GET', vm, { token })).json['status']).toBe('running');
  }, 5_000);
  const taken = await slow.http.ask('POST', `${vm}/snapshots`, { token, body: { name: 's' } });
  expect(await slow.http.ask('DELETE', String(taken.headers['location']), { token })).toMatchObject({
    status: 409,
    headers: { 'retry-after': '1' },
    json: { type: '/problems/snapshot-pending' },
  });
});

test('a VM takes its snapshots along when it is deleted', async () => {
  const vm = await createRunning();
  const path = await take(vm);
  expect((await ask('DELETE', vm)).status).toBe(204);
  expect((await ask('GET', path)).status).toBe(404);
  expect((await ask('GET', `${vm}/snapshots`)).status).toBe(404);
});

test("another user's snapshot does not exist", async () => {
  const path = await take(await createRunning());
  expect((await ask('GET', path, { token: users.bob })).status).toBe(404);
  expect((await ask('DELETE', path, { token: users.bob })).status).toBe(404);
  expect((await ask('GET', path)).status).toBe(200);
});

test.each([
  [{}, '/name'],
  [{ name: '' }, '/name'],
  [{ name: 'n'.repeat(65) }, '/name'],
  [{ name: 's', vmId: 'x' }, '/vmId'],
])('a body %j is 422', async (body: Json, path) => {
  const vm = await createRunning();
  expect(await ask('POST', `${vm}/snapshots`, { body })).toMatchObject({
    status: 422,
    json: { errors: [{ path }] },
  });
});

test('a snapshot that is begun while its VM is deleted is not left behind', async () => {
  const vm = await createRunning();
  const { repository } = users.cloudVm.services.snapshots;
  const create = repository.create.bind(repository);
  const stored = vi.fn();
  vi.spyOn(repository, 'create').mockImplementationOnce(async (...parameters) => {
    expect((await ask('DELETE', vm)).status).toBe(204);
    stored(parameters[0]._id.toHexString());
    return create(...parameters);
  });
  expect((await ask('POST', `${vm}/snapshots`, { body: { name: 'late' } })).status).toBe(404);
  expect((await ask('GET', `/api/snapshots/${stored.mock.lastCall?.[0]}`)).status).toBe(404);
});
