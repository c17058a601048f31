/** Streams of events over sockets: from other workers, from other processes, after a broken connection. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedDatabase } from '../../support/databases.ts';
import { CloudVmProcess } from '../front-door/support/cloudvm-process.ts';
import { EventReader, type SeenEvent } from './support.ts';

const SECRET = 'a secret that both processes have in common';
const web = { name: 'web', provider: 'local', region: 'here' };

const resources = new AsyncDisposableStack();
let here: CloudVmProcess;
let elsewhere: CloudVmProcess;
let users = 0;

beforeAll(async () => {
  const { uri } = resources.use(await startEmbeddedDatabase());
  const settings = { MONGODB_URI: uri, JWT_SECRET: SECRET, WORKERS: '3', SIMULATED_DELAY_MS: '100' };
  here = resources.use(await CloudVmProcess.start('/nonexistent', settings));
  elsewhere = resources.use(await CloudVmProcess.start('/nonexistent', settings));
});
afterAll(() => resources.disposeAsync());

async function register(): Promise<string> {
  users += 1;
  const body = { email: `u${users}@example.com`, username: `user${users}`, password: 'correct horse' };
  const { json } = await here.ask('POST', '/api/auth/register', { body });
  return String(json['token']);
}

async function create(server: CloudVmProcess, token: string, name = 'web'): Promise<string> {
  const { json } = await server.ask('POST', '/api/vms', { token, body: { ...web, name } });
  return String(json['id']);
}

const names = (seen: readonly SeenEvent[]) => seen.map(({ event }) => event);
const statusesOf = (seen: readonly SeenEvent[], event: string, id?: string) =>
  seen
    .filter((one) => one.event === event && (id === undefined || one.data['id'] === id))
    .map(({ data }) => data['status']);
const ran = (id: string) => (seen: readonly SeenEvent[]) =>
  statusesOf(seen, 'vm', id).includes('running') && statusesOf(seen, 'operation').includes('succeeded');

describe.each([
  ['of this process', () => here],
  ['of another process', () => elsewhere],
])('what requests %s change', (_, server) => {
  test('comes as events with the resource as it is', async () => {
    const token = await register();
    await using reader = await EventReader.open(here, token);
    const id = await create(server(), token);
    await reader.until(ran(id));
    const { json: vm } = await here.ask('GET', `/api/vms/${id}`, { token });
    expect(reader.seen.filter(({ event }) => event === 'vm').at(-1)?.data).toEqual(vm);
    expect(statusesOf(reader.seen, 'operation').at(-1)).toBe('succeeded');

    await server().ask('POST', `/api/vms/${id}/snapshots`, { token, body: { name: 'before' } });
    await reader.until((seen) => statusesOf(seen, 'snapshot').includes('ready'));
    const snapshot = reader.seen.find(({ event }) => event === 'snapshot')?.data['id'];
    await server().ask('DELETE', `/api/snapshots/${String(snapshot)}`, { token });
    await reader.until((seen) => names(seen).includes('snapshot-deleted'));
    await server().ask('DELETE', `/api/vms/${id}`, { token });
    await reader.until((seen) => names(seen).includes('vm-deleted'));
    expect(reader.seen.at(-1)?.data).toEqual({ id });
  });

  test('of other users does not come', async () => {
    const [ada, bob] = [await register(), await register()];
    await using reader = await EventReader.open(here, ada);
    await create(server(), bob);
    const id = await create(server(), ada);
    await reader.until(ran(id));
    for (const { event, data } of reader.seen) expect(event === 'vm' ? data['id'] : data['vmId']).toBe(id);
  });
});

test('streams at both processes and at several workers see the same changes, each once', async () => {
  const token = await register();
  await using first = await EventReader.open(here, token);
  await using second = await EventReader.open(here, token);
  await using third = await EventReader.open(elsewhere, token);
  const ids: string[] = [];
  for (let index = 0; index < 10; index += 1) {
    ids.push(await create(index % 2 === 0 ? here : elsewhere, token, `vm-${index}`));
  }
  for (const reader of [first, second, third]) {
    await reader.until((seen) => ids.every((id) => statusesOf(seen, 'vm', id).includes('running')));
    const versions = reader.seen
      .filter(({ event }) => event === 'vm')
      .map(({ data }) => `${String(data['id'])} ${String(data['version'])}`);
    expect(new Set(versions).size, 'no version twice').toBe(versions.length);
  }
});

test('a stream goes on after the last event that the client has seen, at another process', async () => {
  const token = await register();
  const id = await create(here, token);
  let last: string;
  {
    await using reader = await EventReader.open(here, token, '0.');
    await reader.until(ran(id));
    last = reader.seen.at(-1)?.id ?? '';
  }
  await here.ask('PATCH', `/api/vms/${id}`, { token, body: { name: 'meanwhile' } });
  await using reader = await EventReader.open(elsewhere, token, last);
  await reader.until((seen) => seen.some(({ data }) => data['name'] === 'meanwhile'));
  expect(reader.seen.filter(({ event }) => event === 'vm')).toHaveLength(1);
  expect(reader.seen, 'what it has seen does not come again').toHaveLength(1);
});

test('a client that comes back at every event misses nothing and sees nothing twice', async () => {
  const token = await register();
  const seen: SeenEvent[] = [];
  let last: string | undefined = '0.';
  const writing = (async () => {
    const id = await create(elsewhere, token);
    for (let index = 0; index < 12; index += 1) {
      await elsewhere.ask('PUT', `/api/vms/${id}/tags/key`, { token, body: { value: String(index) } });
    }
    return id;
  })();
  const isDone = () => seen.some(({ data }) => JSON.stringify(data['tags'])?.includes('"11"') === true);
  while (!isDone()) {
    await using reader: EventReader = await EventReader.open(
      seen.length % 2 === 0 ? here : elsewhere,
      token,
      last,
    );
    await reader.until((events) => events.length > 0);
    const [event] = reader.seen;
    if (event === undefined) throw new Error('no event');
    seen.push(event);
    last = event.id;
  }
  await writing;
  const keys = seen.map(
    ({ event, data }) => `${event} ${String(data['id'])} ${String(data['version'] ?? JSON.stringify(data))}`,
  );
  expect(new Set(keys).size).toBe(keys.length);
});

test('an id that is not ours is 400, and too many streams of a user are 429', async () => {
  const token = await register();
  const headers = { 'Last-Event-ID': 'nonsense' };
  expect(await here.ask('GET', '/api/vms/events', { token, headers })).toMatchObject({ status: 400 });
  const streams = new AsyncDisposableStack();
  try {
    await expect(
      (async () => {
        for (let index = 0; index < 20; index += 1) streams.use(await EventReader.open(here, token));
      })(),
    ).rejects.toThrow('429');
  } finally {
    await streams.disposeAsync();
  }
});

test('a stop ends streams, and the process', async () => {
  const { uri } = resources.use(await startEmbeddedDatabase());
  const settings = { MONGODB_URI: uri, JWT_SECRET: SECRET };
  await using server = await CloudVmProcess.start('/nonexistent', settings);
  const body = { email: 'a@example.com', username: 'ada', password: 'correct horse' };
  const { json } = await server.ask('POST', '/api/auth/register', { body });
  await using reader = await EventReader.open(server, String(json['token']));
  expect(await server.stop()).toBe(0);
  await reader.ended;
});
