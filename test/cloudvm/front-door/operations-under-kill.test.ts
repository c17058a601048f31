/**
 * Two processes on one database, which are killed at random while they carry out operations. Each operation
 * is done once, and none is left behind.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startEmbeddedDatabase } from '../../support/databases.ts';
import { Fleet } from './support/fleet.ts';

const OPERATIONS = process.env['STRESS'] === '1' ? 200 : 24;
const KILLS = process.env['STRESS'] === '1' ? 14 : 3;
const CLIENTS = 8;
const SECRET = 'a secret that both processes have in common';
const PROVIDER = new URL('../operations/recording-provider.ts', import.meta.url).pathname;

type Json = Record<string, unknown>;

test('each operation is done once, whichever process is killed when', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cloudvm-operations-'));
  await using resources = new AsyncDisposableStack();
  resources.defer(() => rmSync(directory, { recursive: true }));
  const { uri } = resources.use(await startEmbeddedDatabase());
  const fleet = resources.use(
    await Fleet.start({
      MONGODB_URI: uri,
      JWT_SECRET: SECRET,
      PROVIDERS: `local=${PROVIDER}`,
      RECORDING_DIRECTORY: directory,
    }),
  );
  const account = { email: 'ada@example.com', username: 'ada', password: 'correct horse' };
  const token = String(
    (await fleet.insist('POST', '/api/auth/register', undefined, { body: account })).json['token'],
  );

  const begun = new Map<string, string>();
  const killing = (async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await delay(200 + Math.random() * 500);
      await fleet.killOne();
    }
  })();
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => operate(fleet, token, client, begun)));
  await killing;

  for (const [id, vm] of begun) {
    const operation = await untilEnded(fleet, token, id);
    expect(operation, `operation ${id}`).toMatchObject({ vmId: vm, status: 'succeeded', error: null });
  }
  const journal = readFileSync(join(directory, 'journal'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Json => JSON.parse(line));
  const done = journal.filter((line) => 'done' in line).map(({ operationId }) => String(operationId));
  expect(new Set(done).size, 'no work was done twice').toBe(done.length);
  for (const id of begun.keys()) expect(readdirSync(join(directory, 'done'))).toContain(id);
  expect(begun.size).toBeGreaterThanOrEqual(OPERATIONS);
});

/** Creates VMs, stops and starts them, and remembers each operation that was acknowledged. */
async function operate(
  fleet: Fleet,
  token: string,
  client: number,
  begun: Map<string, string>,
): Promise<void> {
  for (let round = 0; begun.size < OPERATIONS; round += 1) {
    const headers = { 'Idempotency-Key': `${client}-${round}` };
    const body = { name: `vm-${client}-${round}`, provider: 'local', region: 'here' };
    const created = await fleet.insist('POST', '/api/vms', token, { body, headers });
    expect(created.status).toBe(201);
    const vm = String(created.json['id']);
    remember(begun, created, vm);
    for (const action of ['stop', 'start', 'restart']) {
      await untilAtRest(fleet, token, vm);
      const acted = await fleet.ask('POST', `/api/vms/${vm}/${action}`, token);
      if (acted.status === 202) remember(begun, acted, vm);
    }
    const { status, version } = await untilAtRest(fleet, token, vm);
    // Each operation makes two versions: when it begins and when it ends. Nothing was written twice.
    const { json } = await fleet.insist('GET', `/api/vms/${vm}/operations`, token);
    expect(version, `versions of ${vm}`).toBe(2 * Number(json['total']));
    expect(['running', 'stopped']).toContain(status);
  }
}

function remember(begun: Map<string, string>, { headers }: { readonly headers: Headers }, vm: string): void {
  const id = headers.get('operation-location')?.split('/').at(-1);
  if (id === undefined) throw new Error('an operation has no location');
  begun.set(id, vm);
}

async function untilAtRest(fleet: Fleet, token: string, vm: string): Promise<Json> {
  for (;;) {
    const { json } = await fleet.insist('GET', `/api/vms/${vm}`, token);
    if (json['status'] !== 'pending' && json['status'] !== 'stopping') return json;
    await delay(50);
  }
}

async function untilEnded(fleet: Fleet, token: string, id: string): Promise<Json> {
  for (;;) {
    const answer = await fleet.ask('GET', `/api/operations/${id}`, token);
    // An operation is stored after its VM. If the process was killed in between, another one stores it.
    if (answer.status === 200 && answer.json['finishedAt'] !== null) return answer.json;
    await delay(100);
  }
}
