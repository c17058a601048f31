/** Requests about accounts with an Idempotency-Key, as clients send them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_FAILURES_PER_PAIR } from '../../../src/cloudvm/accounts/logins/login-throttle.ts';
import { USERS, type UserDocument } from '../../../src/cloudvm/accounts/users/user-document.ts';
import { IDEMPOTENCY_KEYS } from '../../../src/cloudvm/idempotency/key-document.ts';
import { CloudVm, PASSWORD } from '../front-door/support/cloudvm.ts';
import type { Answer, Question } from '../front-door/support/in-process.ts';

const NEW_PASSWORD = 'a stapled new battery';
const DAY_MS = 24 * 60 * 60 * 1000;

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

/** Somebody with an address of the network of their own. */
function person() {
  people += 1;
  const body = { email: `p${people}@example.com`, username: `person-${people}`, password: PASSWORD };
  const ask = (method: string, path: string, question: Question = {}) =>
    cloudVm.http.ask(method, path, { remoteAddress: `198.51.100.${people}`, ...question });
  const post = (path: string, key: string, question: Question = {}) =>
    ask('POST', path, { ...question, headers: { 'Idempotency-Key': key } });
  return {
    body,
    ask,
    post,
    register: (key: string, changes: object = {}) =>
      post('/api/auth/register', key, { body: { ...body, ...changes } }),
    changePassword: (token: string, key: string, newPassword = NEW_PASSWORD) =>
      post('/api/auth/password', key, { token, body: { currentPassword: PASSWORD, newPassword } }),
    me: (token: string) => ask('GET', '/api/auth/me', { token }),
  };
}

const tokenOf = ({ json }: Answer) => String(json['token']);
const typeOf = ({ status, json }: Answer) => ({ status, type: json['type'] });
const isReplayed = ({ headers }: Answer) => headers['idempotent-replayed'] === 'true';
const userDocuments = () => cloudVm.services.database.collection<UserDocument>(USERS.name);

describe('registering again with the same key', () => {
  test('makes no second account, and gives another token for the first', async () => {
    const ada = person();
    const first = await ada.register('key');
    const again = await ada.register('key');
    expect([isReplayed(first), isReplayed(again)]).toEqual([false, true]);
    expect(again).toMatchObject({ status: 201, json: { user: first.json['user'] } });
    expect(again.headers).toMatchObject({ location: '/api/auth/me', 'cache-control': 'no-store' });
    expect((await ada.me(tokenOf(again))).status).toBe(200);
  });

  test('at the same moment makes one account', async () => {
    const ada = person();
    const answers = await Promise.all([1, 2, 3].map(() => ada.register('key')));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(answers.filter(isReplayed)).toHaveLength(2);
    expect(new Set(answers.map(({ json }) => JSON.stringify(json['user']))).size).toBe(1);
  });

  test('finds the account although its address and name have changed', async () => {
    const ada = person();
    const first = await ada.register('key');
    const changes = { email: `new.${ada.body.email}`, username: `new-${ada.body.username}` };
    await ada.ask('PATCH', '/api/auth/me', { token: tokenOf(first), body: changes });
    const again = await ada.register('key');
    expect(isReplayed(again)).toBe(true);
    expect((await ada.me(tokenOf(again))).json).toMatchObject(changes);
    const guess = await ada.register('key', { password: 'another password' });
    expect(typeOf(guess)).toEqual({ status: 422, type: '/problems/idempotency-key-reused' });
  });

  test.each([
    ['another key', 'other', {}],
    ['another password', 'key', { password: 'another password' }],
    ['another username', 'key', { username: 'somebody-else' }],
  ])('but %s says that the address is taken, as to anybody', async (_, key, changes) => {
    const ada = person();
    await ada.register('key');
    const refused = await ada.register(key, changes);
    expect(typeOf(refused)).toEqual({ status: 409, type: '/problems/already-taken' });
    expect(isReplayed(refused)).toBe(false);
  });

  test('is no way to guess a password: guesses count as failed logins', async () => {
    const ada = person();
    await ada.register('key');
    for (let guess = 0; guess < MAX_FAILURES_PER_PAIR - 1; guess += 1) {
      expect((await ada.register('key', { password: `guess number ${guess}` })).status).toBe(409);
    }
    // The last one that is answered, and every one from then on, be it right.
    const { email, password } = ada.body;
    for (const attempt of [1, 2]) {
      expect((await ada.register('key', { password: `guess ${attempt} more` })).status).toBe(
        attempt === 1 ? 409 : 429,
      );
    }
    expect((await ada.register('key')).status).toBe(429);
    expect((await ada.ask('POST', '/api/auth/login', { body: { email, password } })).status).toBe(429);
  });

  test('is forgotten after 24 hours, and with the account', async () => {
    const [ada, bob] = [person(), person()];
    await ada.register('key');
    const emailKey = ada.body.email;
    await userDocuments().updateOne({ emailKey }, { $set: { createdAt: new Date(Date.now() - DAY_MS) } });
    expect((await ada.register('key')).status).toBe(409);

    const first = await bob.register('key');
    await bob.ask('DELETE', '/api/auth/me', { token: tokenOf(first), body: { password: PASSWORD } });
    const second = await bob.register('key');
    expect({ status: second.status, isReplayed: isReplayed(second) }).toEqual({
      status: 201,
      isReplayed: false,
    });
    expect(second.json['user']).not.toEqual(first.json['user']);
  });

  test('counts as a registration', async () => {
    await using strict = await CloudVm.open({ maxRegistrationsPerHour: 2 });
    const body = { email: 'ada@example.com', username: 'ada', password: PASSWORD };
    const headers = { 'Idempotency-Key': 'key' };
    const register = () => strict.http.ask('POST', '/api/auth/register', { body, headers });
    expect([await register(), await register(), await register()].map(({ status }) => status)).toEqual([
      201, 201, 429,
    ]);
  });
});

describe('changing a password again with the same key', () => {
  test('is answered as the first time, with the token that it has withdrawn', async () => {
    const ada = person();
    const token = tokenOf(await ada.register('key'));
    const first = await ada.changePassword(token, 'change');
    expect(first.status).toBe(200);
    expect((await ada.me(token)).status).toBe(401);
    const again = await ada.changePassword(token, 'change');
    expect({ status: again.status, isReplayed: isReplayed(again) }).toEqual({
      status: 200,
      isReplayed: true,
    });
    expect((await ada.me(tokenOf(again))).status).toBe(200);
    // The token of the first answer is as good as that of the second.
    expect((await ada.me(tokenOf(first))).status).toBe(200);
    expect(isReplayed(await ada.changePassword(tokenOf(first), 'change'))).toBe(true);
  });

  test('at the same moment changes it once', async () => {
    const ada = person();
    const token = tokenOf(await ada.register('key'));
    const answers = await Promise.all([1, 2, 3].map(() => ada.changePassword(token, 'change')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(isReplayed)).toHaveLength(2);
    for (const answer of answers) expect((await ada.me(tokenOf(answer))).status).toBe(200);
  });

  test('does not bring an old token back: it needs the key, the new password and the very token', async () => {
    const ada = person();
    const oldest = tokenOf(await ada.register('key'));
    const body = { currentPassword: PASSWORD, newPassword: PASSWORD };
    const token = tokenOf(await ada.ask('POST', '/api/auth/password', { token: oldest, body }));
    expect((await ada.changePassword(token, 'change')).status).toBe(200);
    const refused = [
      await ada.changePassword(oldest, 'change'),
      await ada.changePassword(token, 'another-key'),
      await ada.changePassword(token, 'change', 'another password'),
      await ada.ask('POST', '/api/auth/password', { token, body }),
      await ada.post('/api/vms', 'change', { token, body: { name: 'x', provider: 'local', region: 'x' } }),
      await ada.post('/api/auth/token', 'change', { token }),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401));
    for (const { headers } of refused) expect(headers['www-authenticate']).toContain('withdrawn');
  });

  test('is refused if it is another change, or if the password has been changed since', async () => {
    const ada = person();
    const token = tokenOf(await ada.register('key'));
    const second = tokenOf(await ada.changePassword(token, 'change'));
    const reused = { status: 422, type: '/problems/idempotency-key-reused' };
    expect(typeOf(await ada.changePassword(second, 'change', 'another password'))).toEqual(reused);
    const back = { currentPassword: NEW_PASSWORD, newPassword: PASSWORD };
    const third = tokenOf(await ada.post('/api/auth/password', 'back', { token: second, body: back }));
    // It would be possible again, and would undo what came later.
    expect(typeOf(await ada.changePassword(third, 'change'))).toEqual(reused);
    expect((await ada.changePassword(token, 'change')).status).toBe(401);
    expect((await ada.me(third)).status).toBe(200);
  });

  test('counts a wrong new password as a failed login', async () => {
    const ada = person();
    const token = tokenOf(await ada.register('key'));
    await ada.changePassword(token, 'change');
    for (let guess = 0; guess < MAX_FAILURES_PER_PAIR; guess += 1) {
      expect((await ada.changePassword(token, 'change', `guess number ${guess}`)).status).toBe(401);
    }
    expect((await ada.changePassword(token, 'change')).status).toBe(429);
  });
});

test('logging in and renewing a token give a token each time, whatever the key', async () => {
  const ada = person();
  const { email, password } = ada.body;
  const token = tokenOf(await ada.register('key'));
  for (const key of ['key', 'key', 'other']) {
    const login = await ada.post('/api/auth/login', key, { body: { email, password } });
    const renewal = await ada.post('/api/auth/token', key, { token });
    expect([login.status, renewal.status]).toEqual([200, 200]);
    for (const answer of [login, renewal]) {
      expect(isReplayed(answer)).toBe(false);
      expect((await ada.me(tokenOf(answer))).status).toBe(200);
    }
  }
});

test.each(['', 'x'.repeat(256), 'two words'])('the key "%s" is 400 on every route', async (key) => {
  const ada = person();
  const { email, password } = ada.body;
  const token = tokenOf(await ada.register('key'));
  const answers = [
    await ada.register(key),
    await ada.post('/api/auth/login', key, { body: { email, password } }),
    await ada.post('/api/auth/token', key, { token }),
    await ada.changePassword(token, key),
  ];
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
});

test('neither a password nor a token is stored, in clear or as a digest without a salt', async () => {
  const ada = person();
  const first = await ada.register('the-key');
  await ada.changePassword(tokenOf(first), 'the-key');
  const { emailKey } = { emailKey: ada.body.email };
  const user = JSON.stringify(await userDocuments().findOne({ emailKey }));
  for (const secret of [PASSWORD, NEW_PASSWORD, tokenOf(first), 'the-key'])
    expect(user).not.toContain(secret);
  expect(await cloudVm.services.database.collection(IDEMPOTENCY_KEYS.name).countDocuments({})).toBe(0);
});
