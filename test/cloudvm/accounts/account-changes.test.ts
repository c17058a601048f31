/** What users do with their own account: change it, its password, its token, and delete it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_FAILURES_PER_PAIR } from '../../../src/cloudvm/accounts/logins/login-throttle.ts';
import { CloudVm, PASSWORD } from '../front-door/support/cloudvm.ts';
import type { Answer } from '../front-door/support/in-process.ts';

const NEW_PASSWORD = 'a stapled new battery';

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

async function person() {
  people += 1;
  const username = `Person-${people}`;
  const email = `${username}@Example.com`;
  return {
    email,
    username,
    token: await cloudVm.register(username, email),
    remoteAddress: `192.0.2.${people}`,
  };
}

type Person = Awaited<ReturnType<typeof person>>;

const ask = (
  { token, remoteAddress }: Pick<Person, 'token' | 'remoteAddress'>,
  method: string,
  path: string,
  body?: unknown,
) => cloudVm.http.ask(method, path, { token, remoteAddress, ...(body !== undefined && { body }) });
const me = (who: Person) => ask(who, 'GET', '/api/auth/me');
const login = (email: string, password = PASSWORD) =>
  cloudVm.http.ask('POST', '/api/auth/login', { body: { email, password } });
const withToken = (who: Person, answer: Answer): Person => ({ ...who, token: String(answer.json['token']) });
const WEB = { name: 'web', provider: 'local', region: 'here' };

describe('PATCH /api/auth/me', () => {
  test('changes what it names, and the login follows the e-mail address', async () => {
    const ada = await person();
    const before = (await me(ada)).json;
    const renamed = await ask(ada, 'PATCH', '/api/auth/me', { username: `${ada.username}-2` });
    expect(renamed).toMatchObject({ status: 200, json: { ...before, username: `${ada.username}-2` } });
    const email = `new.${ada.email}`;
    expect((await ask(ada, 'PATCH', '/api/auth/me', { email })).json).toEqual({ ...renamed.json, email });
    expect((await me(ada)).json).toEqual({ ...renamed.json, email });
    expect((await login(email)).status).toBe(200);
    expect((await login(ada.email)).status).toBe(401);
  });

  test('with what another account has is 409 and names each field, whatever the case of the letters', async () => {
    const [ada, grace] = [await person(), await person()];
    const taken = { email: grace.email.toUpperCase(), username: grace.username.toUpperCase() };
    expect(await ask(ada, 'PATCH', '/api/auth/me', { username: taken.username })).toMatchObject({
      status: 409,
      json: { type: '/problems/already-taken', errors: [{ path: '/username', message: 'is taken' }] },
    });
    const both = await ask(ada, 'PATCH', '/api/auth/me', taken);
    expect(both.json['errors']).toEqual([
      { path: '/email', message: 'is taken' },
      { path: '/username', message: 'is taken' },
    ]);
    expect((await me(ada)).json).toMatchObject({ email: ada.email, username: ada.username });
  });

  test('may spell the own address and name in another way', async () => {
    const ada = await person();
    const changes = { email: ada.email.toLowerCase(), username: ada.username.toLowerCase() };
    expect(await ask(ada, 'PATCH', '/api/auth/me', changes)).toMatchObject({ status: 200, json: changes });
  });

  test('frees the address and the name for others, and of two who want them at once one gets them', async () => {
    const [ada, grace, mary] = [await person(), await person(), await person()];
    await ask(ada, 'PATCH', '/api/auth/me', { email: `x${ada.email}`, username: `x-${ada.username}` });
    const wanted = { email: ada.email, username: ada.username };
    const answers = await Promise.all([grace, mary].map((who) => ask(who, 'PATCH', '/api/auth/me', wanted)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test.each([
    {},
    { email: 'nobody' },
    { username: 'a b' },
    { password: PASSWORD },
    { username: 'ada', id: 'x' },
    [],
  ])('with %j is 422', async (body) => {
    expect((await ask(await person(), 'PATCH', '/api/auth/me', body)).status).toBe(422);
  });
});

describe('POST /api/auth/password', () => {
  const change = (who: Person, currentPassword = PASSWORD, newPassword = NEW_PASSWORD) =>
    ask(who, 'POST', '/api/auth/password', { currentPassword, newPassword });

  test('answers with a token that is valid, and every earlier one is refused', async () => {
    const ada = await person();
    const another = withToken(ada, await login(ada.email));
    const changed = await change(ada);
    expect(changed).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(changed.json).toEqual({
      token: expect.any(String),
      expiresAt: expect.any(String),
      user: (await me(withToken(ada, changed))).json,
    });
    for (const old of [ada, another]) {
      expect(await me(old)).toMatchObject({ status: 401, json: { detail: 'The token was withdrawn.' } });
      for (const path of ['/api/vms', '/api/auth/token', '/api/auth/password']) {
        expect((await ask(old, 'POST', path, WEB)).status).toBe(401);
      }
    }
    expect((await login(ada.email)).status).toBe(401);
    expect((await login(ada.email, NEW_PASSWORD)).status).toBe(200);
  });

  test('ends the device cookies of before, and gives a new one', async () => {
    const ada = await person();
    const cookieOf = ({ headers }: Answer) => headers['set-cookie']?.split(';')[0] ?? '';
    const old = cookieOf(await login(ada.email));
    const renewed = cookieOf(await change(ada));
    const from = '192.0.2.250';
    const attempt = (password: string, cookie: string) =>
      cloudVm.http.ask('POST', '/api/auth/login', {
        body: { email: ada.email, password },
        headers: { Cookie: cookie },
        remoteAddress: from,
      });
    for (let guess = 0; guess < MAX_FAILURES_PER_PAIR; guess += 1) {
      expect((await attempt(`guess ${guess}`, old)).status).toBe(401);
    }
    expect((await attempt(NEW_PASSWORD, old)).status, 'as without any').toBe(429);
    expect((await attempt(NEW_PASSWORD, '')).status).toBe(429);
    expect((await attempt(NEW_PASSWORD, renewed)).status).toBe(200);
  });

  test('a second time withdraws the tokens of the first time', async () => {
    const ada = await person();
    const first = withToken(ada, await change(ada));
    const second = withToken(ada, await change(first, NEW_PASSWORD, PASSWORD));
    expect([(await me(first)).status, (await me(second)).status]).toEqual([401, 200]);
  });

  test('with a wrong password changes nothing, and the token stays valid', async () => {
    const ada = await person();
    expect(await change(ada, 'wrong password')).toMatchObject({
      status: 403,
      json: { type: '/problems/wrong-password' },
    });
    expect((await me(ada)).status).toBe(200);
    expect((await login(ada.email)).status).toBe(200);
  });

  test('does not let whoever has a token guess the password', async () => {
    const ada = await person();
    for (let guess = 0; guess < MAX_FAILURES_PER_PAIR; guess += 1) {
      expect((await change(ada, `guess ${guess}`)).status).toBe(403);
    }
    expect(await change(ada)).toMatchObject({
      status: 429,
      json: { type: '/problems/too-many-failed-logins' },
    });
  });

  test('several times at once succeeds once, and one token is valid then', async () => {
    const ada = await person();
    const answers = await Promise.all(
      ['one', 'two', 'three'].map((text) => change(ada, PASSWORD, `password ${text}`)),
    );
    // A request may find that its token was withdrawn by one before it.
    const done = answers.filter(({ status }) => status === 200);
    expect(done).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 401, 403].includes(status))).toBe(true);
    for (const answer of done) expect((await me(withToken(ada, answer))).status).toBe(200);
  });

  test('with a new password that is too short is 422', async () => {
    expect((await change(await person(), PASSWORD, 'short')).status).toBe(422);
  });
});

describe('POST /api/auth/token', () => {
  test('answers with a token that is valid as long as a new one, and leaves the other one as it is', async () => {
    const ada = await person();
    const renewed = await ask(ada, 'POST', '/api/auth/token');
    expect(renewed).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    const left = Date.parse(String(renewed.json['expiresAt'])) - Date.now();
    expect(left / 1000).toBeGreaterThan(3_500);
    expect(left / 1000).toBeLessThanOrEqual(3_600);
    expect((await me(withToken(ada, renewed))).json).toEqual(renewed.json['user']);
    expect((await me(ada)).status).toBe(200);
  });

  test('needs a token', async () => {
    expect((await cloudVm.http.ask('POST', '/api/auth/token')).status).toBe(401);
  });
});

describe('DELETE /api/auth/me', () => {
  const remove = (who: Person, password = PASSWORD) => ask(who, 'DELETE', '/api/auth/me', { password });

  test('ends the account, its tokens and its VMs, and frees the address and the name', async () => {
    const ada = await person();
    await ask(ada, 'POST', '/api/vms', WEB);
    expect(await remove(ada)).toMatchObject({ status: 204, text: '' });
    for (const [method, path] of [
      ['GET', '/api/auth/me'],
      ['GET', '/api/vms'],
      ['POST', '/api/auth/token'],
    ] as const) {
      expect((await ask(ada, method, path)).status).toBe(401);
    }
    expect((await ask(ada, 'POST', '/api/vms', WEB)).status).toBe(401);
    expect((await login(ada.email)).status).toBe(401);
    const again = await cloudVm.register(ada.username, ada.email);
    const { json } = await ask({ ...ada, token: again }, 'GET', '/api/vms');
    expect(json['total']).toBe(0);
  });

  test('with a wrong password deletes nothing', async () => {
    const ada = await person();
    expect((await remove(ada, 'wrong password')).status).toBe(403);
    expect((await me(ada)).status).toBe(200);
  });

  test.each([undefined, {}, { password: 5 }])(
    'with %j instead of a password deletes nothing',
    async (body) => {
      const ada = await person();
      expect([411, 415, 422]).toContain((await ask(ada, 'DELETE', '/api/auth/me', body)).status);
      expect((await me(ada)).status).toBe(200);
    },
  );

  test('and a change of the password at once: whichever is first, the account is as it says', async () => {
    const ada = await person();
    const [removed, changed] = await Promise.all([
      remove(ada),
      ask(ada, 'POST', '/api/auth/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }),
    ]);
    expect([removed.status, changed.status].filter((status) => status < 300)).toHaveLength(1);
    expect((await login(ada.email, NEW_PASSWORD)).status).toBe(changed.status === 200 ? 200 : 401);
  });
});
