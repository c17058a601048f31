import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  MAX_FAILURES_PER_ACCOUNT,
  MAX_FAILURES_PER_PAIR,
} from '../../../src/cloudvm/accounts/logins/login-throttle.ts';
import type { Logger } from '../../../src/platform/log.ts';
import { CloudVm, PASSWORD } from '../front-door/support/cloudvm.ts';

let cloudVm: CloudVm;

beforeAll(async () => {
  cloudVm = await CloudVm.open();
});

afterAll(async () => {
  expect(cloudVm.http.errors).toEqual([]);
  expect(cloudVm.backgroundErrors).toEqual([]);
  await cloudVm[Symbol.asyncDispose]();
});

let people = 0;

/** A user that no other test uses. */
function person() {
  people += 1;
  return { email: `Person${people}@Example.com`, username: `Person-${people}`, password: PASSWORD };
}

const register = (body: unknown) => cloudVm.http.ask('POST', '/api/auth/register', { body });
const login = (body: unknown, remoteAddress?: string, cookie?: string) =>
  cloudVm.http.ask('POST', '/api/auth/login', {
    body,
    ...(cookie !== undefined && { headers: { Cookie: cookie } }),
    ...(remoteAddress !== undefined && { remoteAddress }),
  });
const me = (token: unknown) => cloudVm.http.ask('GET', '/api/auth/me', { token: String(token) });

describe('registering', () => {
  test('answers with a token and the public fields of the user', async () => {
    const ada = person();
    const answer = await register(ada);
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      location: '/api/auth/me',
    });
    expect(answer.json).toEqual({
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.000Z$/),
      user: {
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        email: ada.email,
        username: ada.username,
      },
    });
    expect((await me(answer.json['token'])).json).toEqual(answer.json['user']);
  });

  test('with a taken e-mail address or username is answered with 409 and the field, whatever the case of the letters', async () => {
    const ada = person();
    await register(ada);
    const sameAddress = await register({ ...person(), email: ada.email.toUpperCase() });
    expect(sameAddress).toMatchObject({
      status: 409,
      json: { errors: [{ path: '/email', message: 'is taken' }] },
    });
    const sameName = await register({ ...person(), username: ada.username.toUpperCase() });
    expect(sameName).toMatchObject({
      status: 409,
      json: { errors: [{ path: '/username', message: 'is taken' }] },
    });
  });

  test('the same user several times at once succeeds once', async () => {
    const ada = person();
    const answers = await Promise.all([register(ada), register(ada), register(ada)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  test('with a taken e-mail address costs a hash, as with a free one', async () => {
    const ada = person();
    await register(ada);
    using hash = vi.spyOn(cloudVm.services.accounts.passwords, 'hash');
    expect((await register(ada)).status).toBe(409);
    expect(hash).toHaveBeenCalledTimes(1);
  });

  test('makes the network known, so that failures of others there keep nobody out', async () => {
    const ada = person();
    const { id } = (await register(ada)).json['user'] as { readonly id: string };
    const { throttle } = cloudVm.services.accounts;
    const origin = { email: ada.email, remoteAddress: '192.0.2.1' };
    expect((await throttle.begin({ ...origin, user: { id, tokenVersion: 0 } })).isKnown).toBe(true);
    expect((await throttle.begin({ ...origin, user: { id: 'f'.repeat(24), tokenVersion: 0 } })).isKnown).toBe(
      false,
    );
  });

  test('with a body that breaks the schema is 422', async () => {
    const answer = await register({ ...person(), password: 'short', admin: true });
    expect(answer.status).toBe(422);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json).toMatchObject({
      type: expect.any(String),
      title: expect.any(String),
      status: 422,
      detail: expect.any(String),
      instance: '/api/auth/register',
      errors: expect.arrayContaining([
        { path: '/admin', message: 'is not a known field' },
        { path: '/password', message: 'must have at least 8 characters' },
      ]),
    });
  });
});

describe('logging in', () => {
  test('answers with a token and the user, whatever the case of the e-mail address', async () => {
    const ada = person();
    const registered = await register(ada);
    const answer = await login({ email: ada.email.toLowerCase(), password: PASSWORD });
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(answer.json).toEqual({
      token: expect.any(String),
      expiresAt: expect.any(String),
      user: registered.json['user'],
    });
    expect((await me(answer.json['token'])).status).toBe(200);
  });

  test('answers the same for a wrong password and an unknown address', async () => {
    const ada = person();
    await register(ada);
    const wrong = await login({ email: ada.email, password: 'wrong password' });
    const unknown = await login({ email: 'nobody@example.com', password: 'wrong password' });
    expect(wrong.status).toBe(401);
    expect(unknown.status).toBe(401);
    expect(wrong.text).toBe(unknown.text);
    expect(wrong.headers['www-authenticate']).toBeDefined();
  });

  test('hashes a password even for an unknown address', async () => {
    using verify = vi.spyOn(cloudVm.services.accounts.passwords, 'verify');
    await login({ email: 'nobody-at-all@example.com', password: PASSWORD });
    expect(verify).toHaveBeenCalledWith(PASSWORD, undefined, expect.anything());
  });

  test('is 429 after repeated failures from one address, even with the right password', async () => {
    const ada = person();
    await register(ada);
    for (let failures = 0; failures < MAX_FAILURES_PER_PAIR; failures++) {
      expect((await login({ email: ada.email, password: 'wrong password' })).status).toBe(401);
    }
    const throttled = await login({ email: ada.email.toUpperCase(), password: PASSWORD });
    expect(throttled.status).toBe(429);
    const seconds = Number(throttled.headers['retry-after']);
    expect(seconds).toBeGreaterThan(800);
    expect(seconds).toBeLessThanOrEqual(900);
    expect((await login({ email: ada.email, password: PASSWORD }, '198.51.100.7')).status).toBe(200);
  });

  test('works from a network where the user has logged in before, however many logins fail elsewhere', async () => {
    const ada = person();
    await register(ada);
    const right = { email: ada.email, password: PASSWORD };
    expect((await login(right, '198.51.100.8')).status).toBe(200);
    const { throttle } = cloudVm.services.accounts;
    for (let failures = 0; failures < MAX_FAILURES_PER_ACCOUNT; failures++) {
      const remoteAddress = `203.0.113.${failures % 20}`;
      await (await throttle.begin({ email: ada.email, remoteAddress })).fail();
    }
    expect((await login(right, '203.0.113.99')).status).toBe(429);
    expect((await login(right, '198.51.100.8')).status).toBe(200);
  });

  test('gives a browser a cookie with which nobody can lock it out', async () => {
    const ada = person();
    await register(ada);
    const right = { email: ada.email, password: PASSWORD };
    const wrong = { email: ada.email, password: 'wrong password' };
    const office = '198.51.100.40';
    const answer = await login(right, office);
    expect(answer.headers['set-cookie']).toMatch(
      /^cloudvm_device=[\w.-]+; Max-Age=\d+; Path=\/api\/auth; HttpOnly; SameSite=Strict$/,
    );
    const cookie = answer.headers['set-cookie']?.split(';')[0] ?? '';
    for (let failures = 0; failures < MAX_FAILURES_PER_PAIR; failures++) await login(wrong, office);
    expect((await login(right, office)).status).toBe(429);
    const again = await login(right, office, cookie);
    expect(again.status).toBe(200);
    expect(again.headers['set-cookie']).toBeUndefined();
    expect((await login(right, office, 'cloudvm_device=forged')).status).toBe(429);
  });

  test('resets the count of failures when it succeeds', async () => {
    const ada = person();
    await register(ada);
    for (let round = 0; round < 2; round++) {
      for (let failures = 1; failures < MAX_FAILURES_PER_PAIR; failures++) {
        expect((await login({ email: ada.email, password: 'wrong password' })).status).toBe(401);
      }
      expect((await login({ email: ada.email, password: PASSWORD })).status).toBe(200);
    }
  });
});

describe('GET /api/auth/me', () => {
  test('is 401 without a token and for a user that does not exist', async () => {
    expect((await cloudVm.http.ask('GET', '/api/auth/me')).status).toBe(401);
    const nobody = await me(cloudVm.services.accounts.tokens.issue('f'.repeat(24)).token);
    expect(nobody).toMatchObject({ status: 401 });
    expect(nobody.headers['www-authenticate']).toContain('invalid_token');
  });
});

test.each(['register', 'login', 'password', 'token'])(
  'POST /api/auth/%s reads no large body',
  async (route) => {
    const body = { email: 'a@example.com', password: 'x'.repeat(9_000) };
    const token = await cloudVm.register();
    expect((await cloudVm.http.ask('POST', `/api/auth/${route}`, { body, token })).status).toBe(413);
  },
);

const guessOf = ({ email }: { email: string }) => ({ email, password: PASSWORD });

describe('many logins at once', () => {
  const statusesOf = async (answers: readonly Promise<{ status: number }>[]) =>
    (await Promise.all(answers)).map(({ status }) => status);

  test('are all answered with 200 if they are right', async () => {
    const ada = person();
    await register(ada);
    const right = { email: ada.email, password: PASSWORD };
    const statuses = await statusesOf(Array.from({ length: 20 }, () => login(right, '192.0.2.90')));
    expect(statuses).toEqual(Array(20).fill(200));
  });

  test('do not let more guesses through than the same logins one after the other', async () => {
    const ada = person();
    await register(ada);
    const guess = () => login({ email: ada.email, password: 'wrong password' }, '192.0.2.80');
    // Fewer than the database operations that may be under way at once.
    const statuses = await statusesOf(Array.from({ length: 60 }, guess));
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(MAX_FAILURES_PER_PAIR);
    // Guesses that were refused because the queue was full were not checked. They count when they are
    // repeated.
    while ((await guess()).status === 401);
    expect((await guess()).status).toBe(429);
  });

  test('from one network do not keep other networks from logging in', async () => {
    const ada = person();
    await register(ada);
    const flood = Array.from({ length: 40 }, () => login(guessOf(person()), '192.0.2.81'));
    expect((await login({ email: ada.email, password: PASSWORD }, '198.51.100.1')).status).toBe(200);
    await statusesOf(flood);
  });
});

test('one network registers only so many accounts in an hour, and others register on', async () => {
  await using small = await CloudVm.open({ maxRegistrationsPerHour: 3 });
  const join = (body: unknown, remoteAddress: string) =>
    small.http.ask('POST', '/api/auth/register', { body, remoteAddress });
  const ada = person();
  // A taken address counts too, so that trying addresses is bounded.
  const probes = [person(), ada, ada, person(), ada];
  const statuses: number[] = [];
  for (const probe of probes) statuses.push((await join(probe, '192.0.2.70')).status);
  expect(statuses).toEqual([201, 201, 409, 429, 429]);
  const refused = await join(person(), '192.0.2.70');
  expect(refused.json).toMatchObject({ type: '/problems/too-many-registrations' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_000);
  expect((await join(person(), '192.0.2.71')).status).toBe(201);
  const right = { email: ada.email, password: PASSWORD };
  const answer = await small.http.ask('POST', '/api/auth/login', {
    body: right,
    remoteAddress: '192.0.2.70',
  });
  expect(answer.status).toBe(200);
});

test('each line about an account names its request, also that of a new password and of a deletion', async () => {
  const lines: object[] = [];
  const write = (details: object, message?: string) => lines.push({ ...details, message });
  const logger = { info: write, warn: write } as unknown as Pick<Logger, 'info' | 'warn'>;
  await using small = await CloudVm.open({ logger, maxRegistrationsPerHour: 1 });
  const ada = person();
  const ask = (id: string, method: string, route: string, body: unknown, token?: string) =>
    small.http.ask(method, `/api/auth/${route}`, {
      body,
      headers: { 'X-Request-Id': id },
      ...(token !== undefined && { token }),
    });
  await ask('first', 'POST', 'register', ada);
  await ask('refused', 'POST', 'register', person());
  await ask('wrong', 'POST', 'login', { email: ada.email, password: 'wrong password' });
  const { json } = await ask('right', 'POST', 'login', { email: ada.email, password: PASSWORD });
  const passwords = { currentPassword: PASSWORD, newPassword: 'a new password' };
  const changed = await ask('change', 'POST', 'password', passwords, String(json['token']));
  const password = 'a new password';
  await ask('delete', 'DELETE', 'me', { password }, String(changed.json['token']));
  expect(lines).toMatchObject([
    { requestId: 'refused', message: expect.stringContaining('too many registrations') },
    { requestId: 'wrong', message: 'a login has failed' },
    { requestId: 'change', message: 'a password was changed' },
    { requestId: 'delete', message: 'an account was deleted' },
  ]);
});

test('failed and refused logins are logged, without e-mail addresses in full and without passwords', async () => {
  const lines: string[] = [];
  const write = (details: object, message?: string) => lines.push(`${message} ${JSON.stringify(details)}`);
  const logger = { info: write, warn: write } as unknown as Pick<Logger, 'info' | 'warn'>;
  await using small = await CloudVm.open({ logger, maxRegistrationsPerHour: 1 });
  const ada = person();
  const post = (route: string, body: unknown) => small.http.ask('POST', `/api/auth/${route}`, { body });
  await post('register', ada);
  await post('register', person());
  for (let failures = 0; failures < MAX_FAILURES_PER_PAIR + 3; failures++) {
    await post('login', { email: ada.email, password: 'wrong password' });
  }
  await post('login', { email: 'my secret password', password: 'wrong password' });
  expect(lines.filter((line) => line.startsWith('a login has failed'))).toHaveLength(
    MAX_FAILURES_PER_PAIR + 1,
  );
  const refused = lines.filter((line) => line.includes('refused'));
  expect(refused).toHaveLength(2);
  expect(refused.join()).toMatch(/too many registrations.*too many failed logins/);
  expect(new Set(small.throttled)).toEqual(new Set(['registrations', 'failed_logins']));
  expect(lines.join()).toContain('"account":"P…@Example.com","remoteAddress":"192.0.2.1"');
  expect(lines.join()).not.toMatch(/person\d|wrong password|my secret/i);
});
