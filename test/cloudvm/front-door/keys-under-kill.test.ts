/**
 * Two processes on one database, which are killed at random while clients send requests with keys, each again
 * and again and to both. Each is carried out once, and all its answers are the same.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startEmbeddedDatabase } from '../../support/databases.ts';
import { Fleet } from './support/fleet.ts';

const STRESS = process.env['STRESS'] === '1';
const VMS = STRESS ? 120 : 12;
const KILLS = STRESS ? 20 : 2;
const CLIENTS = 8;

type Json = Record<string, unknown>;

test('each request with a key is carried out once, whichever process is killed when', async () => {
  await using resources = new AsyncDisposableStack();
  const { uri } = resources.use(await startEmbeddedDatabase());
  const settings = {
    MONGODB_URI: uri,
    JWT_SECRET: 'a secret that both processes have in common',
    SIMULATED_DELAY_MS: '5',
  };
  const fleet = resources.use(await Fleet.start(settings));
  const body = { email: 'ada@example.com', username: 'ada', password: 'correct horse' };
  const registered = await once(fleet, '/api/auth/register', undefined, 'register', { body });
  const token = String(registered.json['token']);

  let left = VMS;
  const operate = async () => {
    for (let vm = left--; vm > 0; vm = left--) await live(fleet, token, `vm-${vm}`, vm % 3 === 0);
  };
  const killing = (async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await delay(100 + Math.random() * 400);
      await fleet.killOne();
    }
  })();
  await Promise.all(Array.from({ length: CLIENTS }, operate));
  await killing;

  const { json } = await fleet.insist('GET', '/api/vms?limit=1', token);
  expect(json['total']).toBe(VMS - Math.floor(VMS / 3));
});

/** A VM is created, stopped and started, with a snapshot in between. Some are deleted in the end. */
async function live(fleet: Fleet, token: string, name: string, isDeleted: boolean): Promise<void> {
  const create = { body: { name, provider: 'local', region: 'here' } };
  const created = await once(fleet, '/api/vms', token, `create ${name}`, create);
  expect(created.status).toBe(201);
  const path = `/api/vms/${String(created.json['id'])}`;
  await untilAtRest(fleet, token, path);
  await once(fleet, `${path}/stop`, token, `stop ${name}`);
  expect((await untilAtRest(fleet, token, path))['status']).toBe('stopped');
  await once(fleet, `${path}/snapshots`, token, `snapshot ${name}`, { body: { name: 'nightly' } });
  await once(fleet, `${path}/start`, token, `start ${name}`);
  const { status, version } = await untilAtRest(fleet, token, path);
  expect({ status, version }, 'two versions for each operation').toEqual({ status: 'running', version: 6 });
  const total = async (of: string) =>
    (await fleet.insist('GET', `${path}/${of}?limit=1`, token)).json['total'];
  expect([await total('operations'), await total('snapshots')]).toEqual([4, 1]);
  if (!isDeleted) return;
  expect([204, 404]).toContain((await fleet.insist('DELETE', path, token)).status);
  const again = await once(fleet, '/api/vms', token, `create ${name}`, create);
  expect(again.json).toEqual(created.json);
}

/** Sends a request several times at once, and then again, until each time was answered. */
async function once(
  fleet: Fleet,
  path: string,
  token: string | undefined,
  key: string,
  question: object = {},
) {
  const headers = { 'Idempotency-Key': key.replaceAll(' ', '-') };
  const send = () => fleet.insist('POST', path, token, { ...question, headers });
  const first = await send();
  for (const answer of await Promise.all([send(), send()])) {
    expect(answer.status, JSON.stringify(answer.json)).toBe(first.status);
    if (first.json['token'] === undefined) expect(answer.json).toEqual(first.json);
  }
  expect(first.status, JSON.stringify(first.json)).toBeLessThan(300);
  return first;
}

async function untilAtRest(fleet: Fleet, token: string, path: string): Promise<Json> {
  for (;;) {
    const { json } = await fleet.insist('GET', path, token);
    if (json['status'] !== 'pending' && json['status'] !== 'stopping') return json;
    await delay(20);
  }
}
