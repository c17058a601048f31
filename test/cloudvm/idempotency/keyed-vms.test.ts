/** Requests about VMs and snapshots with an Idempotency-Key, as clients send them. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { CloudVm } from '../front-door/support/cloudvm.ts';
import type { Answer, Question } from '../front-door/support/in-process.ts';
import { askAs, twoUsers } from '../front-door/support/two-users.ts';

type Json = Record<string, unknown>;

const users = twoUsers();
const ask = askAs(users);
/** On a busy machine. */
const PATIENCE = { timeout: 10_000 };
const web = { name: 'web', provider: 'local', region: 'here' };
const newKey = () => randomUUID();

const post = (path: string, key: string, question: Question = {}) =>
  ask('POST', path, { ...question, headers: { 'Idempotency-Key': key, ...question.headers } });
const create = (key: string, body: unknown = web) => post('/api/vms', key, { body });
const pathOf = ({ json }: Answer) => `/api/vms/${String(json['id'])}`;
const total = async (path = '/api/vms?limit=1') => Number((await ask('GET', path)).json['total']);

async function atRest(path: string): Promise<Json> {
  return vi.waitFor(async () => {
    const { json } = await ask('GET', path);
    expect(['running', 'stopped']).toContain(json['status']);
    const [latest] = (await ask('GET', `${path}/operations?limit=1`)).json['operations'] as Json[];
    expect(latest?.['finishedAt']).not.toBeNull();
    return json;
  }, PATIENCE);
}

async function createRunning(): Promise<string> {
  const path = pathOf(await ask('POST', '/api/vms', { body: web }));
  await atRest(path);
  return path;
}

/** Everything but what changes with each answer. */
function comparable({ status, headers, text }: Answer) {
  const { location, etag, 'operation-location': operation, 'content-type': type } = headers;
  return { status, text, location, etag, operation, type };
}

function expectReplay(again: Answer, first: Answer): void {
  expect(first.headers['idempotent-replayed']).toBeUndefined();
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(comparable(again)).toEqual(comparable(first));
}

describe('a request that is sent again with its key', () => {
  test('creates no second VM, and has the first answer, although the VM has changed since', async () => {
    const key = newKey();
    const first = await create(key);
    expect(first).toMatchObject({ status: 201, json: { status: 'pending', version: 1 } });
    await atRest(pathOf(first));
    const before = await total();
    await ask('PATCH', pathOf(first), { body: { name: 'renamed' } });
    expectReplay(await create(key), first);
    expectReplay(await create(key, { region: 'here', name: 'web', provider: 'local' }), first);
    expect(await total()).toBe(before);
  });

  test('creates none either once the VM is deleted', async () => {
    const key = newKey();
    const first = await create(key);
    await atRest(pathOf(first));
    expect((await ask('DELETE', pathOf(first))).status).toBe(204);
    const before = await total();
    expectReplay(await create(key), first);
    expect(await total()).toBe(before);
    expect((await ask('GET', pathOf(first))).status).toBe(404);
  });

  test('takes no second snapshot, be it or the VM deleted', async () => {
    const path = await createRunning();
    const key = newKey();
    const take = () => post(`${path}/snapshots`, key, { body: { name: 'nightly' } });
    const first = await take();
    expect(first).toMatchObject({ status: 202, json: { status: 'pending' } });
    expectReplay(await take(), first);
    expect(await total(`${path}/snapshots?limit=1`)).toBe(1);
    await vi.waitFor(
      async () => expect((await ask('DELETE', String(first.headers['location']))).status).toBe(204),
      PATIENCE,
    );
    expectReplay(await take(), first);
    expect(await total(`${path}/snapshots?limit=1`)).toBe(0);
    expect((await ask('DELETE', path)).status).toBe(204);
    expectReplay(await take(), first);
  });

  test.each(['stop', 'restart'])('does not %s a VM a second time', async (action) => {
    const path = await createRunning();
    const key = newKey();
    const first = await post(`${path}/${action}`, key);
    expect(first.status).toBe(202);
    expectReplay(await post(`${path}/${action}`, key), first);
    await atRest(path);
    expectReplay(await post(`${path}/${action}`, key), first);
    if (action === 'stop') {
      const started = await post(`${path}/start`, newKey());
      expect(started).toMatchObject({ status: 202, headers: { etag: '"5"' } });
      await atRest(path);
      expectReplay(await post(`${path}/${action}`, key), first);
    }
    expect(await total(`${path}/operations?limit=1`)).toBe(action === 'stop' ? 3 : 2);
    expect((await ask('GET', path)).json['status']).toBe('running');
  });

  test('does what it says in one version, which a precondition may name', async () => {
    const path = await createRunning();
    const headers = { 'If-Match': '"2"' };
    const key = newKey();
    const first = await post(`${path}/stop`, key, { headers });
    expect(first).toMatchObject({ status: 202, headers: { etag: '"3"' }, json: { version: 3 } });
    const stored = await ask('GET', path);
    if (stored.json['version'] === 3) expect(stored.json).toEqual(first.json);
    await atRest(path);
    // The version of the precondition has gone, by this very request.
    expectReplay(await post(`${path}/stop`, key, { headers }), first);
    expect((await post(`${path}/start`, newKey(), { headers })).status).toBe(412);
  });

  test('is carried out once, however many come at the same moment', async () => {
    const key = newKey();
    const before = await total();
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(key)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    for (const { status, json, headers } of answers.filter((answer) => !made.includes(answer))) {
      expect({ status, type: json['type'] }).toEqual({
        status: 409,
        type: '/problems/idempotency-key-in-use',
      });
      expect(headers['retry-after']).toBe('1');
    }
    expect(await total()).toBe(before + 1);
  });

  test('is refused as the first one was, or carried out if that is possible by now', async () => {
    const path = await createRunning();
    await post(`${path}/stop`, newKey());
    const key = newKey();
    expect((await post(`${path}/start`, key)).json['type']).toBe('/problems/vm-pending');
    await atRest(path);
    const started = await post(`${path}/start`, key);
    expect(started.status).toBe(202);
    expectReplay(await post(`${path}/start`, key), started);
  });
});

describe('another request with the same key', () => {
  test('is 422, whether its body, its path or its precondition differs', async () => {
    const path = await createRunning();
    const key = newKey();
    const first = await create(key);
    const others = [
      create(key, { ...web, name: 'other' }),
      create(key, { ...web, size: 'small' }),
      post(`${path}/stop`, key),
      post(`${path}/snapshots`, key, { body: { name: 'x' } }),
      post('/api/vms?x=1', key, { body: web }),
      post('/api/vms', key, { body: web, headers: { 'If-Match': '*' } }),
    ];
    for (const { status, json } of await Promise.all(others)) {
      expect({ status, type: json['type'] }).toEqual({
        status: 422,
        type: '/problems/idempotency-key-reused',
      });
    }
    expectReplay(await create(key), first);
  });

  test('is another one if another user sends it, and nobody learns of the other', async () => {
    const key = newKey();
    const [first, ofBob] = [await create(key), await post('/api/vms', key, { body: web, token: users.bob })];
    expect(ofBob).toMatchObject({ status: 201 });
    expect(ofBob.headers['idempotent-replayed']).toBeUndefined();
    expect(ofBob.json['id']).not.toBe(first.json['id']);
  });
});

describe('a key', () => {
  test.each([
    '',
    'x'.repeat(256),
    'two words',
    'umläut',
    '"ä"',
    `"${'x'.repeat(256)}"`,
    '"a" "b"',
    '"a\\ b"',
  ])('%s is 400, wherever it is sent', async (key) => {
    const path = `/api/vms/${'0'.repeat(24)}`;
    const answers = await Promise.all([
      create(key),
      post(`${path}/start`, key),
      post(`${path}/snapshots`, key, { body: { name: 'x' } }),
    ]);
    for (const { status } of answers) expect(status).toBe(400);
  });

  test.each(['x', 'x'.repeat(255), '{"$ne":null}', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '"two words"'])(
    '%s marks a request',
    async (key) => {
      const first = await create(key);
      expectReplay(await create(key), first);
    },
  );

  test('has a case, and quotes that belong to it', async () => {
    const keys = ['Key', 'key', '"key"', '"Key"'];
    const made = await Promise.all(keys.map((key) => create(key)));
    expect(new Set(made.map(({ json }) => json['id'])).size).toBe(keys.length);
  });

  test('of a request that breaks its schema is free', async () => {
    const key = newKey();
    expect((await create(key, { ...web, name: '' })).status).toBe(422);
    expect((await create(key)).status).toBe(201);
  });
});

test('a user has so many keys at most, and requests without one are served', async () => {
  await using small = await CloudVm.open({ maxIdempotencyKeysPerUser: 2 });
  const token = await small.register();
  const send = (headers: Record<string, string>) =>
    small.http.ask('POST', '/api/vms', { token, body: web, headers });
  const first = await send({ 'Idempotency-Key': 'one' });
  expect((await send({ 'Idempotency-Key': 'two' })).status).toBe(201);
  const refused = await send({ 'Idempotency-Key': 'three' });
  expect(refused).toMatchObject({ status: 429, json: { type: '/problems/too-many-idempotency-keys' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(23 * 3600);
  expect((await send({})).status).toBe(201);
  expectReplay(await send({ 'Idempotency-Key': 'one' }), first);
});
