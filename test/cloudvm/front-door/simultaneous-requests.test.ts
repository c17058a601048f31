/** Simultaneous requests for single VMs: each gets its own answer, and the database gets few queries. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedDatabase } from '../../support/databases.ts';
import { FaultProxy } from '../database/support/fault-proxy.ts';
import { type Answer, CloudVmProcess } from './support/cloudvm-process.ts';

const CONNECTIONS = 64;
const ROUNDS = 4;
const VMS_PER_USER = 16;

let dataDirectory: string;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});

afterAll(async () => {
  await rm(dataDirectory, { recursive: true, force: true });
});

interface User {
  readonly token: string;
  readonly vms: readonly string[];
}

async function makeUser(server: CloudVmProcess, username: string): Promise<User> {
  const body = { email: `${username}@example.com`, username, password: 'correct horse battery' };
  const registered = await server.ask('POST', '/api/auth/register', { body });
  const token = String(registered.json['token']);
  const names = Array.from({ length: VMS_PER_USER }, (_, index) => `${username}-${index}`);
  const created = await Promise.all(
    names.map((name) =>
      server.ask('POST', '/api/vms', { token, body: { name, provider: 'aws', region: 'eu' } }),
    ),
  );
  return { token, vms: created.map(({ json }) => String(json['id'])) };
}

test('64 simultaneous requests for VMs share queries, and each is answered for its own user', async () => {
  await using database = await startEmbeddedDatabase();
  await using proxy = await FaultProxy.start(database.uri);
  await using server = await CloudVmProcess.start(dataDirectory, { WORKERS: '1', MONGODB_URI: proxy.uri });
  const [ada, grace] = [await makeUser(server, 'ada'), await makeUser(server, 'grace')];
  const ids = [...ada.vms, ...grace.vms];
  const readAll = (): Promise<readonly Answer[]> =>
    Promise.all(
      Array.from({ length: CONNECTIONS }, (_, index) => {
        const { token } = index < CONNECTIONS / 2 ? ada : grace;
        return server.ask('GET', `/api/vms/${ids[index % ids.length]}`, { token });
      }),
    );

  const before = proxy.countOf('find');
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await readAll();
    const seen = answers.map(({ status, json }) => (status === 200 ? json['name'] : status));
    const namesOf = (user: string) => Array.from({ length: VMS_PER_USER }, (_, index) => `${user}-${index}`);
    const missing = Array.from({ length: VMS_PER_USER }, () => 404);
    expect(seen).toEqual([...namesOf('ada'), ...missing, ...missing, ...namesOf('grace')]);
  }
  expect(proxy.countOf('find') - before).toBeLessThan((ROUNDS * CONNECTIONS) / 2);
});
