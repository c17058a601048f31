/** The life of users and their VMs, over the socket of a server that runs in a process of its own. */
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Answer, CloudVmProcess } from './support/cloudvm-process.ts';

const PASSWORD = 'correct horse battery';
const WEB = { name: 'web', provider: 'aws', region: 'eu-west-1', tags: [{ key: 'team', value: 'Köln 🚀' }] };

let dataDirectory: string;
let server: CloudVmProcess;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
  server = await CloudVmProcess.start(dataDirectory);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(dataDirectory, { recursive: true, force: true });
});

async function register(username: string): Promise<string> {
  const body = { email: `${username}@example.com`, username, password: PASSWORD };
  const { status, json } = await server.ask('POST', '/api/auth/register', { body });
  expect(status).toBe(201);
  return String(json['token']);
}

const pathOf = (vm: Record<string, unknown>) => `/api/vms/${String(vm['id'])}`;
const vmsOf = (answer: Answer) => answer.json['vms'] as Record<string, unknown>[];

function untilRunning(token: string, path: string): Promise<Answer> {
  const look = async () => {
    const answer = await server.ask('GET', path, { token });
    expect(answer.json['status']).toBe('running');
    return answer;
  };
  return vi.waitFor(look, { timeout: 30_000, interval: 50 });
}

test('a user registers, logs in, and creates, lists, reads, changes and deletes a VM', async () => {
  await register('grace');
  const credentials = { email: 'GRACE@example.com', password: PASSWORD };
  const login = await server.ask('POST', '/api/auth/login', { body: credentials });
  expect(login.status).toBe(200);
  const token = String(login.json['token']);
  const me = await server.ask('GET', '/api/auth/me', { token });
  expect(me.json).toEqual({ id: expect.any(String), email: 'grace@example.com', username: 'grace' });

  const created = await server.ask('POST', '/api/vms', { token, body: WEB });
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({ ...WEB, size: 'small', status: 'pending', version: 1 });
  const path = pathOf(created.json);
  expect(created.headers.get('location')).toBe(path);
  const list = await server.ask('GET', '/api/vms?status=pending&limit=1', { token });
  expect([200, list.json['nextCursor']]).toEqual([list.status, null]);

  const read = await untilRunning(token, path);
  const tag = String(read.headers.get('etag'));
  const unchanged = await server.ask('GET', path, { token, headers: { 'If-None-Match': tag } });
  expect(unchanged.status).toBe(304);
  const change = { token, body: { name: 'api', size: 'large' }, headers: { 'If-Match': tag } };
  const changed = await server.ask('PATCH', path, change);
  expect(changed).toMatchObject({ status: 200, json: { ...WEB, name: 'api', size: 'large' } });
  expect((await server.ask('PATCH', path, change)).status).toBe(412);
  expect(vmsOf(await server.ask('GET', '/api/vms', { token }))).toEqual([changed.json]);

  expect((await server.ask('DELETE', path, { token })).status).toBe(204);
  expect((await server.ask('GET', path, { token })).status).toBe(404);
  const nothing = await server.ask('GET', '/api/vms', { token });
  expect(nothing.json).toEqual({ vms: [], total: 0, nextCursor: null });
});

test("a second user can neither see nor change the first one's VMs", async () => {
  const owner = await register('owner');
  const other = await register('other');
  const { json: vm } = await server.ask('POST', '/api/vms', { token: owner, body: WEB });
  const path = pathOf(vm);
  await untilRunning(owner, path);
  for (const [method, body] of [['GET'], ['PATCH', { name: 'mine' }], ['DELETE']] as const) {
    const answer = await server.ask(method, path, { token: other, body });
    expect(answer.status).toBe(404);
    expect(JSON.stringify(answer.json)).not.toContain('web');
  }
  expect(vmsOf(await server.ask('GET', '/api/vms', { token: other }))).toEqual([]);
  expect((await server.ask('GET', path, { token: owner })).status).toBe(200);
});

describe('a token', () => {
  const now = Math.floor(Date.now() / 1000);
  let valid: string;
  let secret: string;

  beforeAll(async () => {
    valid = await register('token');
    secret = (await readFile(join(dataDirectory, 'jwt-secret'), 'utf8')).trim();
  });

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  function sign(claims: object, key: string, header: object = { alg: 'HS256', typ: 'JWT' }): string {
    const input = `${encode(header)}.${encode(claims)}`;
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
  }

  const subject = () => {
    const claims: Record<string, unknown> = JSON.parse(
      Buffer.from(valid.split('.')[1] ?? '', 'base64url').toString(),
    );
    return claims['sub'];
  };

  test('signed with the secret of the server is valid, so each token below has one flaw only', async () => {
    const token = sign({ sub: subject(), iat: now, exp: now + 60 }, secret);
    expect((await server.ask('GET', '/api/auth/me', { token })).status).toBe(200);
  });

  test.each([
    ['expired', () => sign({ sub: subject(), iat: now - 120, exp: now - 60 }, secret)],
    ['signed with another secret', () => sign({ sub: subject(), iat: now, exp: now + 60 }, 'x'.repeat(48))],
    ['of the algorithm none', () => `${encode({ alg: 'none' })}.${valid.split('.')[1]}.`],
    [
      'that says none and is signed',
      () => sign({ sub: subject(), iat: now, exp: now + 60 }, secret, { alg: 'none' }),
    ],
    ['without an expiry', () => sign({ sub: subject(), iat: now }, secret)],
    ['without its last character', () => valid.slice(0, -1)],
    ['without its signature', () => valid.slice(0, valid.lastIndexOf('.') + 1)],
    ['that is not a token', () => 'nonsense'],
  ])('%s is answered with 401 if a route needs a user, and does not matter elsewhere', async (_, make) => {
    const token = make();
    for (const path of ['/api/vms', '/api/auth/me']) {
      const answer = await server.ask('GET', path, { token });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }
    expect((await server.ask('POST', '/api/vms', { token, body: WEB })).status).toBe(401);
    expect((await server.ask('PUT', '/api/vms', { token, body: WEB })).status).toBe(405);
    expect((await server.ask('GET', '/no/such/path', { token })).status).toBe(404);
    expect((await server.ask('GET', '/health', { token })).status).toBe(200);
    const body = { email: 'token@example.com', password: PASSWORD };
    expect((await server.ask('POST', '/api/auth/login', { token, body })).status).toBe(200);
  });

  test('that is missing is answered with 401 if a route needs it, and with 404 or 405 if none matches', async () => {
    expect((await server.ask('GET', '/api/vms')).status).toBe(401);
    expect((await server.ask('GET', '/no/such/path')).status).toBe(404);
    const other = await server.ask('PUT', '/api/vms', { body: WEB });
    expect(other.status).toBe(405);
    expect(other.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
    expect((await server.ask('GET', '/health')).status).toBe(200);
  });
});
