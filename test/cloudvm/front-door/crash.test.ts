/** A process that is killed while it writes loses nothing that it has acknowledged. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CloudVmProcess } from './support/cloudvm-process.ts';

const CLIENTS = 8;
const WRITES_BEFORE_THE_END = 150;
const DELETIONS_BEFORE_THE_END = 10;

let dataDirectory: string;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});

afterAll(async () => {
  await rm(dataDirectory, { recursive: true, force: true });
});

/** The acknowledged writes. A write without an answer may or may not have happened. */
class Acknowledged {
  readonly names = new Map<string, string>();
  readonly uncertain = new Set<string>();
  readonly deleted = new Set<string>();
  writes = 0;
  #enough = Promise.withResolvers<void>();

  get enough(): Promise<void> {
    return this.#enough.promise;
  }

  count(): void {
    this.writes += 1;
    if (this.writes >= WRITES_BEFORE_THE_END && this.deleted.size >= DELETIONS_BEFORE_THE_END) {
      this.#enough.resolve();
    }
  }
}

test('every acknowledged write survives kill -9 while clients write, and a restart', async () => {
  await using server = await CloudVmProcess.start(dataDirectory);
  const body = { email: 'ada@example.com', username: 'ada', password: 'correct horse battery' };
  const registered = await server.ask('POST', '/api/auth/register', { body });
  const token = String(registered.json['token']);
  const acknowledged = new Acknowledged();
  const clients = Array.from({ length: CLIENTS }, (_, client) => write(server, token, client, acknowledged));
  // A failure of a client also ends the wait, with its error.
  await Promise.race([acknowledged.enough, Promise.all(clients)]);
  await server.kill();
  await Promise.all(clients);

  await using restarted = await CloudVmProcess.start(dataDirectory);
  const { password } = body;
  const login = await restarted.ask('POST', '/api/auth/login', { body: { email: body.email, password } });
  expect(login).toMatchObject({ status: 200, json: { user: registered.json['user'] } });
  // The token is from before the crash, so the secret that signed it must have survived too.
  const found = await listAll(restarted, token);
  for (const [id, name] of acknowledged.names) {
    if (!acknowledged.uncertain.has(id)) expect(found.get(id)?.['name']).toBe(name);
  }
  for (const id of acknowledged.deleted) expect(found.has(id)).toBe(false);

  // The next process starts what the crash left pending.
  await vi.waitFor(
    async () => {
      const { json } = await restarted.ask('GET', '/api/vms?status=pending', { token });
      expect(json['total']).toBe(0);
    },
    { timeout: 45_000, interval: 100 },
  );
  expect(await restarted.stop()).toBe(0);
}, 180_000);

/** Creates, changes and deletes VMs until the server is gone. */
async function write(
  server: CloudVmProcess,
  token: string,
  client: number,
  acknowledged: Acknowledged,
): Promise<void> {
  const own: string[] = [];
  try {
    for (let round = 0; ; round++) {
      const name = `vm-${client}-${round}`;
      const body = { name, provider: 'local', region: 'here' };
      const { status, json } = await server.ask('POST', '/api/vms', { token, body });
      expect(status).toBe(201);
      const id = String(json['id']);
      acknowledged.names.set(id, name);
      acknowledged.count();
      await rename(server, token, id, `${name}-renamed`, acknowledged);
      own.push(id);
      const [oldest = id] = own;
      if (round % 3 === 2 && (await remove(server, token, oldest, acknowledged))) own.shift();
    }
  } catch (error) {
    // fetch throws a TypeError when the connection is gone. Anything else is a failure of the test.
    if (!(error instanceof TypeError)) throw error;
  }
}

async function rename(
  server: CloudVmProcess,
  token: string,
  id: string,
  name: string,
  acknowledged: Acknowledged,
): Promise<void> {
  acknowledged.uncertain.add(id);
  const { status } = await server.ask('PATCH', `/api/vms/${id}`, { token, body: { name } });
  expect(status).toBe(200);
  acknowledged.uncertain.delete(id);
  acknowledged.names.set(id, name);
  acknowledged.count();
}

/** @returns false if the VM is still pending, and so was not deleted */
async function remove(
  server: CloudVmProcess,
  token: string,
  id: string,
  acknowledged: Acknowledged,
): Promise<boolean> {
  acknowledged.uncertain.add(id);
  const { status } = await server.ask('DELETE', `/api/vms/${id}`, { token });
  expect([204, 409]).toContain(status);
  acknowledged.uncertain.delete(id);
  if (status === 409) return false;
  acknowledged.names.delete(id);
  acknowledged.deleted.add(id);
  acknowledged.count();
  return true;
}

async function listAll(server: CloudVmProcess, token: string): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  let cursor: unknown = null;
  do {
    const page = cursor === null ? '' : `&cursor=${String(cursor)}`;
    const { status, json } = await server.ask('GET', `/api/vms?limit=100${page}`, { token });
    expect(status).toBe(200);
    for (const vm of json['vms'] as Record<string, unknown>[]) found.set(String(vm['id']), vm);
    cursor = json['nextCursor'];
  } while (cursor !== null);
  return found;
}
