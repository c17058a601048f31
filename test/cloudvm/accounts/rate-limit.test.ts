/** RATE_LIMIT_PER_MINUTE: who shares an allowance, what counts, and what the answers say. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Tokens } from '../../../src/cloudvm/accounts/tokens/tokens.ts';
import { CloudVm, PASSWORD, SECRET } from '../front-door/support/cloudvm.ts';
import type { Answer, Question } from '../front-door/support/in-process.ts';

/** In a minute. So one request comes back every 6 seconds. */
const LIMIT = 10;
const warn = vi.fn();

let cloudVm: CloudVm;
let address = 0;

beforeAll(async () => {
  const logger = { info: () => undefined, warn };
  cloudVm = await CloudVm.open({ rateLimitPerMinute: LIMIT, logger });
});

afterAll(() => cloudVm[Symbol.asyncDispose]());

beforeEach(() => {
  address++;
});

/** From an address that no other test has. */
function ask(method: string, target: string, question: Question = {}): Promise<Answer> {
  return cloudVm.http.ask(method, target, { remoteAddress: `192.0.2.${address}`, ...question });
}

/** @returns the answer that is refused */
async function useUp(question: Question = {}): Promise<Answer> {
  for (let count = 0; count < 3 * LIMIT; count++) {
    const answer = await ask('GET', '/unknown', question);
    if (answer.status === 429) return answer;
  }
  throw new Error('nothing is refused');
}

/** On a slow machine one request may have come back since the allowance was used up. */
async function isRefused(question: Question): Promise<boolean> {
  const one = await ask('GET', '/unknown', question);
  const other = await ask('GET', '/unknown', question);
  return one.status === 429 || other.status === 429;
}

describe('an answer tells what is left', () => {
  test.each([
    ['GET', '/', 200],
    ['GET', '/unknown', 404],
    ['PUT', '/api/vms', 405],
    ['OPTIONS', '/api/vms', 204],
    ['GET', '/api/vms', 401],
    ['POST', '/api/auth/login', 411],
  ])('%s %s', async (method, target, status) => {
    const first = await ask(method, target);
    expect(first.status).toBe(status);
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"default";q=10;w=60',
      ratelimit: '"default";r=9;t=6',
    });
    const second = await ask(method, target);
    expect(second.headers['ratelimit']).toMatch(/^"default";r=[89];t=\d+$/);
  });

  test.each(['/health', '/health/ready', '/metrics'])(
    'but not that of %s, which is never refused',
    async (path) => {
      await useUp();
      const { status, headers } = await ask('GET', path);
      expect(status).not.toBe(429);
      expect(headers).not.toHaveProperty('ratelimit');
      expect(headers).not.toHaveProperty('ratelimit-policy');
    },
  );

  test('and none if there is no limit', async () => {
    await using free = await CloudVm.open();
    const { headers } = await free.http.ask('GET', '/');
    expect(headers).not.toHaveProperty('ratelimit');
    expect(headers).not.toHaveProperty('ratelimit-policy');
  });
});

test('what is beyond is 429, with the seconds to wait, a cause of its own and a page about it', async () => {
  const refused = await useUp();
  const seconds = Number(refused.headers['retry-after']);
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(6);
  expect(refused.headers['ratelimit']).toBe(`"default";r=0;t=${seconds}`);
  expect(refused.headers['x-request-id']).toBeDefined();
  expect(refused.json).toMatchObject({
    type: '/problems/rate-limit-exceeded',
    title: 'Rate Limit Exceeded',
    status: 429,
    instance: '/unknown',
  });
  const page = await cloudVm.http.ask('GET', String(refused.json['type']), { remoteAddress: '198.51.100.1' });
  expect(page.json).toMatchObject({ status: 429, title: 'Rate Limit Exceeded' });
});

test('the operator learns of it once, with the address and the request', async () => {
  warn.mockClear();
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(60_000);
  try {
    await useUp({ headers: { 'X-Request-Id': 'mine' } });
    await ask('GET', '/unknown');
  } finally {
    vi.useRealTimers();
  }
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ requestId: 'mine', remoteAddress: `192.0.2.${address}` }),
    expect.stringContaining('RATE_LIMIT_PER_MINUTE'),
  );
});

describe('an allowance belongs to', () => {
  test('an address, whoever else uses up theirs', async () => {
    await useUp();
    expect(await isRefused({ remoteAddress: '198.51.100.7' })).toBe(false);
  });

  test('an IPv6 /64', async () => {
    await useUp({ remoteAddress: '2001:db8:1:2::1' });
    expect(await isRefused({ remoteAddress: '2001:db8:1:2:ffff::9' })).toBe(true);
    expect(await isRefused({ remoteAddress: '2001:db8:1:3::1' })).toBe(false);
  });

  test('a user, wherever the requests come from', async () => {
    const { token } = cloudVm.services.accounts.tokens.issue('a'.repeat(24));
    await useUp({ token });
    expect(await isRefused({ token, remoteAddress: '198.51.100.8' })).toBe(true);
    // The address of the user has its own.
    expect(await isRefused({})).toBe(false);
    // And so has another user of this address.
    expect(await isRefused({ token: cloudVm.services.accounts.tokens.issue('b'.repeat(24)).token })).toBe(
      false,
    );
  });

  test('the address if the token is forged, expired or malformed', async () => {
    const { token: forged } = new Tokens({ secrets: ['f'.repeat(32)], ttlSeconds: 60 }).issue('c'.repeat(24));
    const { token: expired } = new Tokens({ secrets: [SECRET], ttlSeconds: -60 }).issue('c'.repeat(24));
    await useUp({ token: forged });
    for (const token of [forged, expired, 'x']) expect(await isRefused({ token })).toBe(true);
    const { token: valid } = cloudVm.services.accounts.tokens.issue('c'.repeat(24));
    expect(await isRefused({ token: valid })).toBe(false);
  });

  test('nobody else: who has a token that was withdrawn uses up nothing of its user’s', async () => {
    await using other = await CloudVm.open({ rateLimitPerMinute: LIMIT });
    const old = await other.register();
    const change = { currentPassword: PASSWORD, newPassword: 'another password' };
    const { json } = await other.http.ask('POST', '/api/auth/password', { token: old, body: change });
    const statuses: number[] = [];
    for (let count = 0; count <= LIMIT; count++) {
      statuses.push((await other.http.ask('GET', '/api/auth/me', { token: old })).status);
    }
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect((await other.http.ask('GET', '/api/auth/me', { token: String(json['token']) })).status).toBe(200);
  });
});

test('a request is refused before the database and before any password is hashed', async () => {
  await using other = await CloudVm.open({ rateLimitPerMinute: 1 });
  const verify = vi.spyOn(other.services.accounts.passwords, 'verify');
  const find = vi.spyOn(other.services.accounts.users, 'findByEmail');
  const body = { email: 'ada@example.com', password: PASSWORD };
  const statuses: number[] = [];
  for (let count = 0; count < 3; count++) {
    statuses.push((await other.http.ask('POST', '/api/auth/login', { body })).status);
  }
  expect(statuses).toEqual([401, 429, 429]);
  expect(other.throttled).toEqual(['rate_limit', 'rate_limit']);
  expect(verify).toHaveBeenCalledOnce();
  expect(find).toHaveBeenCalledOnce();
});
