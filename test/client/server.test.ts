/** The client and the real server: the whole life of a user and of a VM. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CloudVmClient, CloudVmProblem } from '../../src/client/index.ts';
import type { NewVm } from '../../src/cloudvm/contract/client-contract.ts';
import { CloudVmProcess } from '../cloudvm/front-door/support/cloudvm-process.ts';

const ADA = { email: 'ada@example.com', username: 'ada', password: 'correct horse battery' };
const WEB: NewVm = { name: 'web', provider: 'local', region: 'here', tags: [{ key: 'team', value: 'blue' }] };
const SETTINGS = { SIMULATED_DELAY_MS: '20' };

let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});

afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

async function problemOf(call: Promise<unknown>): Promise<CloudVmProblem> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (error instanceof CloudVmProblem) return error;
  throw new Error(`expected a problem, and got ${String(error)}`);
}

test('an account, and what it is refused', async () => {
  await using server = await CloudVmProcess.start(dataDirectory, SETTINGS);
  await using client = new CloudVmClient({ url: server.url });
  expect(await problemOf(client.account())).toMatchObject({ problem: 'unauthorized', status: 401 });
  const { user, token } = await client.register(ADA);
  expect(await client.account()).toEqual(user);
  await using other = new CloudVmClient({ url: server.url, token });
  expect(await other.account()).toEqual(user);
  expect(await problemOf(client.register(ADA))).toMatchObject({ problem: 'already-taken', status: 409 });
  const wrong = await problemOf(client.login({ email: ADA.email, password: 'no' }));
  expect(wrong.is('wrong-credentials')).toBe(true);
  expect((await client.login({ email: ADA.email, password: ADA.password })).user).toEqual(user);
});

test('a VM is created, changed, stopped, started, restarted and deleted', async () => {
  await using server = await CloudVmProcess.start(dataDirectory, SETTINGS);
  await using client = new CloudVmClient({ url: server.url });
  await client.register(ADA);
  const { vm, operation } = await client.vms.create(WEB);
  expect(vm).toMatchObject({ ...WEB, size: 'small', status: 'pending' });
  expect(await client.waitFor(operation)).toMatchObject({ kind: 'create', vmId: vm.id, status: 'succeeded' });

  const running = await client.vms.get(vm.id);
  expect(running.status).toBe('running');
  expect(await client.vms.getIfChanged(running)).toBeUndefined();
  expect(await client.vms.getIfChanged(vm)).toEqual(running);

  const changed = await client.vms.update(vm.id, { size: 'large' }, { ifMatch: running });
  expect(changed).toMatchObject({ size: 'large' });
  const late = client.vms.update(vm.id, { size: 'small' }, { ifMatch: running });
  expect(await problemOf(late)).toMatchObject({ problem: 'precondition-failed' });
  expect((await client.vms.setTag(vm.id, 'a/b', 'c')).tags).toContainEqual({ key: 'a/b', value: 'c' });
  expect((await client.vms.deleteTag(vm.id, 'a/b')).tags).toEqual(WEB.tags);
  const invalid = await problemOf(client.vms.update(vm.id, { name: '' }));
  expect(invalid.errors).toEqual([{ path: '/name', message: expect.any(String) }]);

  await client.waitFor((await client.vms.stop(vm.id)).operation);
  expect((await client.vms.get(vm.id)).status).toBe('stopped');
  expect(await problemOf(client.vms.stop(vm.id))).toMatchObject({ problem: 'vm-status-conflict' });
  await client.waitFor((await client.vms.start(vm.id)).operation);
  const restarted = await client.vms.restart(vm.id);
  expect(restarted.vm.status).toBe('pending');

  const kinds = (await Array.fromAsync(client.operations.all(vm.id, { limit: 1 }))).map(({ kind }) => kind);
  expect(kinds).toEqual(['restart', 'start', 'stop', 'create']);
  await client.vms.delete(vm.id, { waitWhilePending: true });
  expect(await problemOf(client.vms.get(vm.id))).toMatchObject({ problem: 'not-found' });
});

test('a snapshot is taken, listed and deleted', async () => {
  await using server = await CloudVmProcess.start(dataDirectory, SETTINGS);
  await using client = new CloudVmClient({ url: server.url });
  await client.register(ADA);
  const { vm, operation } = await client.vms.create(WEB);
  await client.waitFor(operation);
  const { snapshot, operation: taking } = await client.snapshots.create(vm.id, { name: 'before' });
  expect(snapshot).toMatchObject({ vmId: vm.id, name: 'before', status: 'pending' });
  expect(await client.waitFor(taking)).toMatchObject({ kind: 'snapshot' });
  expect(await client.snapshots.get(snapshot.id)).toEqual({ ...snapshot, status: 'ready' });
  expect(await client.snapshots.list(vm.id)).toMatchObject({ total: 1, snapshots: [{ id: snapshot.id }] });
  await client.snapshots.delete(snapshot.id);
  expect(await Array.fromAsync(client.snapshots.all(vm.id))).toEqual([]);
});

test('filters, pages and keys mean what they say', async () => {
  await using server = await CloudVmProcess.start(dataDirectory, SETTINGS);
  await using client = new CloudVmClient({ url: server.url });
  await client.register(ADA);
  const names = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(names.map((name) => client.vms.create({ ...WEB, name }, { idempotencyKey: name })));
  const { vm } = await client.vms.create({ ...WEB, name: 'c' }, { idempotencyKey: 'c' });
  const reused = await problemOf(client.vms.create({ ...WEB, name: 'x' }, { idempotencyKey: 'c' }));
  expect(reused.problem).toBe('idempotency-key-reused');
  const all = await Array.fromAsync(client.vms.all({ sort: 'name', limit: 2, tag: ['team:blue'] }));
  expect(all.map(({ name }) => name)).toEqual(names);
  expect(all[2]?.id).toBe(vm.id);
  expect(await client.vms.list({ status: ['stopped', 'error'] })).toMatchObject({ vms: [], total: 0 });
});

test('events go on where they were when the server was killed and is back', async () => {
  await using first = await CloudVmProcess.start(dataDirectory, SETTINGS);
  const { url } = first;
  await using client = new CloudVmClient({ url });
  await client.register(ADA);
  const { promise: connected, resolve: onStart } = Promise.withResolvers<void>();
  const events = client.events({ onStart, reconnectDelayMs: 10 });
  const created = events.next();
  await connected;
  const { vm, operation } = await client.vms.create(WEB);
  expect((await created).value).toMatchObject({ event: expect.stringMatching(/^(vm|operation)$/) });
  await client.waitFor(operation);

  await first.kill();
  await using _second = await CloudVmProcess.start(dataDirectory, { ...SETTINGS, PORT: new URL(url).port });
  await client.vms.update(vm.id, { name: 'renamed' });
  for await (const { event, data } of events) {
    // What happened while nobody listened is one event: the state that it led to.
    if (event === 'vm' && data.name === 'renamed') await client.vms.delete(vm.id);
    if (event === 'vm-deleted') {
      expect(data.id).toBe(vm.id);
      break;
    }
  }
});

test('a client that has used up its rate limit waits until the server takes more', async () => {
  const perMinute = 60;
  const settings = { ...SETTINGS, RATE_LIMIT_PER_MINUTE: String(perMinute) };
  await using server = await CloudVmProcess.start(dataDirectory, settings);
  await using client = new CloudVmClient({ url: server.url, retry: { attempts: 1 } });
  const { user, token } = await client.register(ADA);
  for (let count = 0; count < perMinute + 2; count++) expect(await client.account()).toEqual(user);
  expect(client.rateLimit).toMatchObject({ policy: 'default', quota: perMinute, windowMs: 60_000 });
  // Another one has not seen these answers. So the server refuses it, and says when to come again.
  await using other = new CloudVmClient({ url: server.url, token, retry: { attempts: 1 } });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => other.account()));
  const [refusal] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refusal).toMatchObject({ problem: 'rate-limit-exceeded', status: 429, retryAfterMs: 1_000 });
});
