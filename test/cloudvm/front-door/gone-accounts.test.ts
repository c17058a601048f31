/**
 * Tokens of accounts that are gone or have another password, against all workers of two processes, and
 * deletions that a kill -9 interrupts.
 */
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startEmbeddedDatabase } from '../../support/databases.ts';
import { EventReader } from '../events/support.ts';
import { type Answer, CloudVmProcess } from './support/cloudvm-process.ts';

const PASSWORD = 'correct horse battery';
const WEB = { name: 'web', provider: 'local', region: 'here' };
/** More than the bound for another process, which the README states. */
const BOUND = { timeout: 15_000, interval: 50 };

const resources = new AsyncDisposableStack();
let uri: string;
let here: CloudVmProcess;
let elsewhere: CloudVmProcess;
let users = 0;

beforeAll(async () => {
  uri = resources.use(await startEmbeddedDatabase()).uri;
  const settings = {
    MONGODB_URI: uri,
    JWT_SECRET: 'a secret that both processes have in common',
    WORKERS: '3',
    SIMULATED_DELAY_MS: '1',
  };
  here = resources.use(await CloudVmProcess.start('/nonexistent', settings));
  elsewhere = resources.use(await CloudVmProcess.start('/nonexistent', settings));
});
afterAll(() => resources.disposeAsync());

async function register(server = here): Promise<string> {
  users += 1;
  const body = { email: `u${users}@example.com`, username: `user${users}`, password: PASSWORD };
  const { status, json } = await server.ask('POST', '/api/auth/register', { body });
  expect(status).toBe(201);
  return String(json['token']);
}

/** Many at once, so that every worker gets some. */
const askAll = (server: CloudVmProcess, token: string): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      index % 2 === 0
        ? server.ask('GET', '/api/vms', { token })
        : server.ask('POST', '/api/vms', { token, body: WEB }),
    ),
  );

const untilRefused = (server: CloudVmProcess, token: string) =>
  vi.waitFor(async () => {
    const statuses = new Set((await askAll(server, token)).map(({ status }) => status));
    expect(statuses).toEqual(new Set([401]));
  }, BOUND);

describe.each([
  [
    'a change of the password',
    (token: string) =>
      here.ask('POST', '/api/auth/password', {
        token,
        body: { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` },
      }),
  ],
  [
    'a deletion of the account',
    (token: string) => here.ask('DELETE', '/api/auth/me', { token, body: { password: PASSWORD } }),
  ],
])('after %s', (_, end) => {
  test('every worker of every process refuses the tokens that they all have accepted', async () => {
    const token = await register();
    for (const server of [here, elsewhere]) {
      for (const { status } of await askAll(server, token)) expect([200, 201]).toContain(status);
    }
    expect((await end(token)).status).toBeLessThan(300);
    await untilRefused(here, token);
    await untilRefused(elsewhere, token);
  }, 60_000);

  test('streams of events end in every process', async () => {
    const token = await register();
    await using nearby = await EventReader.open(here, token);
    await using far = await EventReader.open(elsewhere, token);
    await end(token);
    await nearby.ended;
    await far.ended;
  }, 30_000);
});

test('a new token is accepted by a process that has not heard of the change of the password', async () => {
  const token = await register();
  await askAll(elsewhere, token);
  const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` };
  const { json } = await here.ask('POST', '/api/auth/password', { token, body });
  for (const { status } of await askAll(elsewhere, String(json['token'])))
    expect([200, 201]).toContain(status);
});

test('a stream of events ends when its token expires', async () => {
  const settings = {
    MONGODB_URI: uri,
    MONGODB_DB: 'short',
    JWT_SECRET: 'x'.repeat(32),
    JWT_TTL_SECONDS: '3',
  };
  await using server = await CloudVmProcess.start('/nonexistent', settings);
  const token = await register(server);
  await using reader = await EventReader.open(server, token);
  await reader.ended;
  expect((await server.ask('GET', '/api/auth/me', { token })).status).toBe(401);
}, 60_000);

/** What is left of the only user who was deleted in this database. */
async function leftIn(databaseName: string): Promise<{ readonly deleted: number; readonly vms: number }> {
  await using client = await new MongoClient(uri).connect();
  const database = client.db(databaseName);
  const deleted = await database.collection('users').countDocuments({ deletedAt: { $exists: true } });
  return { deleted, vms: await database.collection('vms').countDocuments() };
}

const alone = (databaseName: string) => ({
  MONGODB_URI: uri,
  MONGODB_DB: databaseName,
  JWT_SECRET: 'x'.repeat(32),
  SIMULATED_DELAY_MS: '1',
});

test('VMs that requests create while their account is deleted do not stay', async () => {
  await using server = await CloudVmProcess.start('/nonexistent', alone('raced'));
  const token = await register(server);
  const creations = [askAll(server, token), askAll(server, token)];
  const deletion = await server.ask('DELETE', '/api/auth/me', { token, body: { password: PASSWORD } });
  expect(deletion.status).toBe(204);
  const answers = [...(await Promise.all(creations)).flat(), ...(await askAll(server, token))];
  expect(answers.some(({ status }) => status === 201)).toBe(true);
  // A busy server may say 503, but nothing may fail because of the deletion.
  expect(answers.some(({ status }) => status === 500)).toBe(false);
  await vi.waitFor(async () => expect(await leftIn('raced')).toMatchObject({ vms: 0 }), {
    timeout: 45_000,
    interval: 200,
  });
}, 90_000);

test('a deletion that kill -9 interrupts goes on after the next start', async () => {
  await using server = await CloudVmProcess.start('/nonexistent', alone('killed'));
  const token = await register(server);
  for (let round = 0; round < 10; round += 1) await askAll(server, token);
  const body = { password: PASSWORD };
  expect((await server.ask('DELETE', '/api/auth/me', { token, body })).status).toBe(204);
  await server.kill();
  const left = await leftIn('killed');
  expect(left.deleted).toBe(1);
  expect(left.vms).toBeGreaterThan(0);

  await using restarted = await CloudVmProcess.start('/nonexistent', alone('killed'));
  expect((await restarted.ask('GET', '/api/vms', { token })).status).toBe(401);
  // Whoever takes the address now owns nothing of the old account.
  users -= 1;
  const again = await register(restarted);
  expect((await restarted.ask('GET', '/api/vms', { token: again })).json['total']).toBe(0);
  await vi.waitFor(async () => expect(await leftIn('killed')).toMatchObject({ vms: 0 }), {
    timeout: 90_000,
    interval: 200,
  });
}, 120_000);
