/** Every route of the API has a method of its own, and it sends what the list of routes says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CloudVmClient } from '../../src/client/index.ts';
import type { EndpointDescription } from '../../src/cloudvm/contract/endpoint.ts';
import { ENDPOINTS } from '../../src/cloudvm/contract/endpoints.ts';
import { type OperationId, ROUTES } from '../../src/cloudvm/contract/routes.ts';
import { answerJson, ID, OPERATION, ScriptedServer, VM } from './support/scripted-server.ts';

const KEY = 'a/b ä';
const EMAIL = 'ada@example.com';

/** It does not compile if an operation id is missing. */
const CALLS: Readonly<Record<OperationId, (client: CloudVmClient) => Promise<unknown>>> = {
  register: (client) => client.register({ email: EMAIL, username: 'ada', password: 'long enough' }),
  login: (client) => client.login({ email: EMAIL, password: 'long enough' }),
  getAccount: (client) => client.account(),
  updateAccount: (client) => client.updateAccount({ username: 'lovelace' }),
  deleteAccount: (client) => client.deleteAccount({ password: 'long enough' }),
  changePassword: (client) =>
    client.changePassword({ currentPassword: 'long enough', newPassword: 'another one' }),
  renewToken: (client) => client.renewToken(),
  listVms: (client) => client.vms.list(),
  createVm: (client) => client.vms.create({ name: 'web', provider: 'local', region: 'here' }),
  streamEvents: (client) => client.events({ maxFailures: 1 }).next(),
  getVm: (client) => client.vms.get(ID),
  updateVm: (client) => client.vms.update(ID, { name: 'api' }),
  deleteVm: (client) => client.vms.delete(ID),
  setVmTag: (client) => client.vms.setTag(ID, KEY, 'blue'),
  deleteVmTag: (client) => client.vms.deleteTag(ID, KEY),
  startVm: (client) => client.vms.start(ID),
  stopVm: (client) => client.vms.stop(ID),
  restartVm: (client) => client.vms.restart(ID),
  listVmOperations: (client) => client.operations.list(ID),
  getOperation: (client) => client.operations.get(ID),
  listVmSnapshots: (client) => client.snapshots.list(ID),
  createVmSnapshot: (client) => client.snapshots.create(ID, { name: 'before' }),
  getSnapshot: (client) => client.snapshots.get(ID),
  deleteSnapshot: (client) => client.snapshots.delete(ID),
};

let server: ScriptedServer;

beforeAll(async () => {
  server = await ScriptedServer.start((response, { url }) => {
    if (url.endsWith('/events')) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(`event: vm\ndata: ${JSON.stringify(VM)}\n\n`);
      return;
    }
    answerJson(
      response,
      200,
      { token: 'new', ...VM },
      {
        'Operation-Location': `/api/operations/${OPERATION.id}`,
      },
    );
  });
});

afterAll(() => server[Symbol.asyncDispose]());

describe.each(ROUTES)('$operationId', ({ operationId, method, path, access }) => {
  test(`sends ${method} ${path}`, async () => {
    await using client = server.client({ token: 'secret' });
    await CALLS[operationId](client);
    const request = server.requests.at(-1);
    const expected = path.replace(':id', ID).replace(':key', encodeURIComponent(KEY));
    expect(request).toMatchObject({ method: method.toUpperCase(), url: expected });
    expect(request?.headers.authorization).toBe(access === 'user' ? 'Bearer secret' : undefined);
    expect(request?.headers['content-type']).toBe(request?.body === '' ? undefined : 'application/json');
    const { fields = [] }: EndpointDescription = ENDPOINTS[operationId];
    expect(request?.headers['idempotency-key'] !== undefined).toBe(fields.includes('Idempotency-Key'));
  });
});

test('logging in keeps the token for the calls that follow', async () => {
  await using client = server.client();
  await client.account();
  expect(server.requests.at(-1)?.headers.authorization).toBeUndefined();
  await client.login({ email: EMAIL, password: 'long enough' });
  await client.account();
  expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer new');
  client.useToken(undefined);
  await client.account();
  expect(server.requests.at(-1)?.headers.authorization).toBeUndefined();
});

test('filters become a query, and lists are repeated', async () => {
  await using client = server.client();
  await client.vms.list({ status: ['running', 'error'], tag: ['a:b&c'], limit: 5, sort: '-name' });
  expect(server.requests.at(-1)?.url).toBe(
    '/api/vms?status=running&status=error&tag=a%3Ab%26c&limit=5&sort=-name',
  );
});

test('a VM that was read is the condition of a change, and so is an entity tag', async () => {
  await using client = server.client();
  await client.vms.update(ID, { name: 'api' }, { ifMatch: VM });
  expect(server.requests.at(-1)?.headers['if-match']).toBe('"2"');
  await client.vms.delete(ID, { ifMatch: '"1", "2"' });
  expect(server.requests.at(-1)?.headers['if-match']).toBe('"1", "2"');
  await client.vms.getIfChanged(VM);
  expect(server.requests.at(-1)?.headers['if-none-match']).toBe('"2"');
});

test('a path of the server comes before those of the API', async () => {
  await using client = server.client({ url: `${server.url}/cloud/vm/` });
  await client.account();
  expect(server.requests.at(-1)?.url).toBe('/cloud/vm/api/auth/me');
});

test.each(['', undefined, 7, '\ud800'])('an id that would lead elsewhere is refused: %j', async (id) => {
  await using client = server.client();
  const sent = server.requests.length;
  await expect(client.vms.delete(id as string)).rejects.toMatchObject({ code: 'ERR_CLOUDVM_USAGE' });
  expect(server.requests).toHaveLength(sent);
});

test('a tag of dots stays a segment of the path', async () => {
  await using client = server.client();
  await client.vms.deleteTag(ID, '..');
  expect(server.requests.at(-1)?.url).toBe(`/api/vms/${ID}/tags/%2E%2E`);
});

test('request gives status and header fields as well', async () => {
  await using client = server.client();
  const answer = await client.request('startVm', { path: { id: ID } });
  expect(answer).toMatchObject({ status: 200, body: { name: 'web' } });
  expect(answer.headers['operation-location']).toBe(`/api/operations/${OPERATION.id}`);
});

test.each([
  ['no URL', { url: 'server' }],
  ['another protocol', { url: 'ftp://server' }],
  ['a password', { url: 'http://user:hunter2@server' }],
  ['a timeout that is no number', { url: 'http://server', timeouts: { totalMs: Number.NaN } }],
  ['no attempt', { url: 'http://server', retry: { attempts: 0 } }],
])('options with %s are refused without repeating them', async (_title, options) => {
  const { CloudVmClient } = await import('../../src/client/index.ts');
  expect(() => new CloudVmClient(options)).toThrow(expect.objectContaining({ code: 'ERR_CLOUDVM_USAGE' }));
  expect(() => new CloudVmClient(options)).not.toThrow(/hunter2/);
});

test('a token that cannot be sent is refused without repeating it', async () => {
  await using client = server.client({ token: 'hunter2\r\nX-Evil: 1' });
  const error: unknown = await client.account().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ERR_CLOUDVM_USAGE' });
  expect(String(error)).not.toContain('hunter2');
});
