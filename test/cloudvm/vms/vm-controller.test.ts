import { describe, expect, test, vi } from 'vitest';
import { CloudVm } from '../front-door/support/cloudvm.ts';
import type { Answer, Question } from '../front-door/support/in-process.ts';
import { askAs, twoUsers } from '../front-door/support/two-users.ts';

const users = twoUsers();
const ask = askAs(users);
const web = { name: 'web', provider: 'aws', region: 'eu-west-1' };

async function create(body: object = web, question: Question = {}): Promise<Record<string, unknown>> {
  const answer = await ask('POST', '/api/vms', { body, ...question });
  expect(answer.status).toBe(201);
  return answer.json;
}

const pathOf = (vm: Record<string, unknown>) => `/api/vms/${String(vm['id'])}`;

async function createRunning(body: object = web): Promise<Record<string, unknown>> {
  const vm = await create(body);
  return vi.waitFor(async () => {
    const { json } = await ask('GET', pathOf(vm));
    expect(json['status']).toBe('running');
    return json;
  });
}

const errorsOf = (answer: Answer) => answer.json['errors'];

describe('creating a VM', () => {
  test('answers with the VM, its ETag and its location, and nothing else', async () => {
    const tags = [{ key: 'team', value: 'öffentlich 🚀' }];
    const answer = await ask('POST', '/api/vms', {
      body: { ...web, size: 'large', instanceId: 'i-1', tags },
    });
    expect(answer.status).toBe(201);
    const vm = answer.json;
    expect(vm).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      ...web,
      instanceId: 'i-1',
      size: 'large',
      status: 'pending',
      tags,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: vm['createdAt'],
      version: 1,
    });
    expect(answer.headers).toMatchObject({ location: pathOf(vm), etag: '"1"' });
  });

  test('with the required fields only fills in defaults', async () => {
    expect(await create()).toMatchObject({
      size: 'small',
      tags: [],
      instanceId: expect.stringMatching(/^[\w.-]{1,64}$/),
    });
  });

  test('with a body that breaks the schema is 422', async () => {
    const answer = await ask('POST', '/api/vms', { body: { name: '', provider: 'ibm', owner: 'me' } });
    expect(answer.status).toBe(422);
    expect(errorsOf(answer)).toEqual(
      expect.arrayContaining([
        { path: '/region', message: 'is required' },
        { path: '/owner', message: 'is not a known field' },
        { path: '/provider', message: 'must be one of aws, azure, gcp, local' },
      ]),
    );
  });
});

describe('reading a VM', () => {
  test('returns the created VM, its new status and its ETag', async () => {
    const running = await createRunning();
    expect(running).toMatchObject({ ...web, status: 'running', version: 2 });
    expect((await ask('GET', pathOf(running))).headers['etag']).toBe('"2"');
  });

  test('with the current ETag in If-None-Match is 304', async () => {
    const vm = await createRunning();
    const answer = await ask('GET', pathOf(vm), { headers: { 'If-None-Match': '"1", "2"' } });
    expect(answer).toMatchObject({ status: 304, text: '' });
  });

  test.each(['0'.repeat(24), 'x', '%2e', '0'.repeat(25), '{"$ne":null}'])(
    'by the id %s is 404, whatever the method',
    async (id) => {
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const body = method === 'PATCH' ? { body: { name: 'x' } } : {};
        const answer = await ask(method, `/api/vms/${encodeURIComponent(id).replaceAll('%25', '%')}`, body);
        expect(answer.status).toBe(404);
      }
    },
  );
});

describe('changing a VM', () => {
  test('changes the named fields and nothing else', async () => {
    const vm = await createRunning({ ...web, tags: [{ key: 'a', value: 'b' }] });
    const answer = await ask('PATCH', pathOf(vm), { body: { name: 'api', size: 'medium' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['etag']).toBe('"3"');
    expect(answer.json).toEqual({
      ...vm,
      name: 'api',
      size: 'medium',
      version: 3,
      updatedAt: expect.any(String),
    });
    expect((await ask('GET', pathOf(vm))).json).toEqual(answer.json);
    expect((await ask('PATCH', pathOf(vm), { body: { tags: [] } })).json['tags']).toEqual([]);
  });

  test.each([
    ['"2"', 200],
    ['"1", "2"', 200],
    ['*', 200],
    ['"1"', 412],
    ['"3"', 412],
    ['W/"2"', 412],
    ['2', 400],
  ])('with If-Match: %s is %i', async (tags, status) => {
    const vm = await createRunning();
    const answer = await ask('PATCH', pathOf(vm), { body: { name: 'api' }, headers: { 'If-Match': tags } });
    expect(answer.status).toBe(status);
    expect((await ask('GET', pathOf(vm))).json['version']).toBe(status === 200 ? 3 : 2);
  });

  test('at one version several times at once succeeds once', async () => {
    const vm = await createRunning();
    const headers = { 'If-Match': '"2"' };
    const answers = await Promise.all(
      ['x', 'y', 'z'].map((name) => ask('PATCH', pathOf(vm), { body: { name }, headers })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });

  test('with a body that breaks the schema is 422', async () => {
    const vm = await create();
    for (const body of [{}, { status: 'running' }, { name: null }, [], { version: 9, name: 'x' }]) {
      expect((await ask('PATCH', pathOf(vm), { body })).status).toBe(422);
    }
  });
});

describe('deleting a VM', () => {
  test('is 409 while the VM is pending', async () => {
    await using slow = await CloudVm.open({ simulatedDelayMs: 600_000 });
    const token = await slow.register();
    const { json: vm } = await slow.http.ask('POST', '/api/vms', { token, body: web });
    expect((await slow.http.ask('DELETE', pathOf(vm), { token })).status).toBe(409);
    expect((await slow.http.ask('GET', pathOf(vm), { token })).status).toBe(200);
  });

  test('is 204 for a running VM and 404 afterwards', async () => {
    const vm = await createRunning();
    expect(await ask('DELETE', pathOf(vm))).toMatchObject({ status: 204, text: '' });
    for (const method of ['GET', 'DELETE']) expect((await ask(method, pathOf(vm))).status).toBe(404);
  });
});

describe('listing VMs', () => {
  test('goes through all pages in order and shows each VM once', async () => {
    const token = await users.cloudVm.register();
    const names = ['e', 'b', 'd', 'a', 'c'];
    for (const name of names) await create({ ...web, name }, { token });
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { json } = await ask('GET', `/api/vms?limit=2&sort=name${cursor}`, { token });
      expect(json['total']).toBe(5);
      seen.push(...(json['vms'] as { name: string }[]).map(({ name }) => name));
      cursor = json['nextCursor'] === null ? '' : `&cursor=${String(json['nextCursor'])}`;
    } while (cursor !== '');
    expect(seen).toEqual([...names].sort());
  });

  test('shows the newest first and only what the filters select', async () => {
    const token = await users.cloudVm.register();
    await create({ ...web, name: 'first' }, { token });
    await create({ ...web, name: 'second', provider: 'gcp' }, { token });
    await create({ ...web, name: 'third', region: 'us-east-1' }, { token });
    const names = async (query: string) => {
      const { json } = await ask('GET', `/api/vms${query}`, { token });
      return (json['vms'] as { name: string }[]).map(({ name }) => name);
    };
    expect(await names('')).toEqual(['third', 'second', 'first']);
    expect(await names('?provider=gcp')).toEqual(['second']);
    expect(await names('?region=us-east-1')).toEqual(['third']);
    expect(await names('?status=stopped')).toEqual([]);
    expect(await names('?sort=createdAt&limit=1')).toEqual(['first']);
  });

  test('is empty for a user without VMs', async () => {
    const { json } = await ask('GET', '/api/vms', { token: await users.cloudVm.register() });
    expect(json).toEqual({ vms: [], total: 0, nextCursor: null });
  });

  test.each([
    ['limit=0', '/limit'],
    ['limit=101', '/limit'],
    ['limit=1.5', '/limit'],
    ['limit=1&limit=2', '/limit'],
    ['sort=size', '/sort'],
    ['status=gone', '/status/0'],
    ['provider=ibm', '/provider'],
    ['region=', '/region'],
    ['cursor=', '/cursor'],
    ['cursor=nonsense', '/cursor'],
    ['owner=me', '/owner'],
  ])('with %s is 422', async (query, path) => {
    const answer = await ask('GET', `/api/vms?${query}`);
    expect(answer.status).toBe(422);
    expect(errorsOf(answer)).toEqual(expect.arrayContaining([expect.objectContaining({ path })]));
  });

  test('with a cursor of another sort order is 422 with that reason', async () => {
    await create();
    await create();
    const { json } = await ask('GET', '/api/vms?limit=1');
    const answer = await ask('GET', `/api/vms?limit=1&sort=name&cursor=${String(json['nextCursor'])}`);
    expect(answer.status).toBe(422);
    expect(errorsOf(answer)).toEqual([
      { path: '/cursor', message: 'is not a valid cursor for this sort order' },
    ]);
  });
});

describe("another user's VM", () => {
  test('is 404 for every method and appears in no list', async () => {
    const vm = await createRunning();
    const asBob = { token: users.bob };
    expect((await ask('GET', pathOf(vm), asBob)).status).toBe(404);
    expect((await ask('PATCH', pathOf(vm), { ...asBob, body: { name: 'mine' } })).status).toBe(404);
    const ifMatch = { ...asBob, body: { name: 'mine' }, headers: { 'If-Match': '"1"' } };
    expect((await ask('PATCH', pathOf(vm), ifMatch)).status).toBe(404);
    expect((await ask('DELETE', pathOf(vm), asBob)).status).toBe(404);
    const { json } = await ask('GET', '/api/vms?limit=100', asBob);
    expect((json['vms'] as { id: string }[]).map(({ id }) => id)).not.toContain(vm['id']);
    expect((await ask('GET', pathOf(vm))).json).toEqual(vm);
  });
});

describe('without a token', () => {
  test.each([
    ['GET', '/api/vms', 401],
    ['POST', '/api/vms', 401],
    ['GET', `/api/vms/${'0'.repeat(24)}`, 401],
    ['PATCH', `/api/vms/${'0'.repeat(24)}`, 401],
    ['DELETE', `/api/vms/${'0'.repeat(24)}`, 401],
    ['PUT', '/api/vms', 405],
    ['GET', '/api/vm', 404],
    ['POST', `/api/vms/${'0'.repeat(24)}/start`, 401],
    ['POST', `/api/vms/${'0'.repeat(24)}/begin`, 404],
  ])('%s %s is %i', async (method, path, status) => {
    expect((await users.cloudVm.http.ask(method, path)).status).toBe(status);
  });
});

test('HEAD is answered like GET', async () => {
  expect((await ask('HEAD', '/api/vms')).status).toBe(200);
});
