/** Lists over all their pages, and waiting for operations. */
import { expect, test } from 'vitest';
import { answerJson, answerProblem, ID, OPERATION, ScriptedServer } from './support/scripted-server.ts';

/** Three pages of two entries each. */
function pageOf(url: string): { entries: { id: string }[]; nextCursor: string | null } {
  const number = Number(new URL(url, 'http://x').searchParams.get('cursor') ?? 0);
  return {
    entries: [{ id: `${number}a` }, { id: `${number}b` }],
    nextCursor: number < 2 ? String(number + 1) : null,
  };
}

const SIX = ['0a', '0b', '1a', '1b', '2a', '2b'];

test.each(['vms', 'snapshots', 'operations'] as const)('all %s are those of every page', async (kind) => {
  await using server = await ScriptedServer.start((response, { url }) => {
    const { entries, nextCursor } = pageOf(url);
    answerJson(response, 200, { [kind]: entries, total: 6, nextCursor });
  });
  await using client = server.client();
  const list = {
    vms: () => client.vms.all({ limit: 2, status: ['running'] }),
    snapshots: () => client.snapshots.all(ID, { limit: 2 }),
    operations: () => client.operations.all(ID, { limit: 2 }),
  }[kind]();
  const ids: string[] = [];
  for await (const { id } of list) ids.push(id);
  expect(ids).toEqual(SIX);
  const query = kind === 'vms' ? 'limit=2&status=running' : 'limit=2';
  expect(server.requests.map(({ url }) => url.split('?')[1])).toEqual([
    query,
    `${query}&cursor=1`,
    `${query}&cursor=2`,
  ]);
});

test('a page is asked for only when it is needed', async () => {
  await using server = await ScriptedServer.start((response, { url }) => {
    const { entries, nextCursor } = pageOf(url);
    answerJson(response, 200, { vms: entries, total: 6, nextCursor });
  });
  await using client = server.client();
  for await (const { id } of client.vms.all()) {
    if (id === '0b') break;
  }
  expect(server.requests).toHaveLength(1);
});

test('a page that names itself as the next one is an error, and no loop without end', async () => {
  await using server = await ScriptedServer.start((response) =>
    answerJson(response, 200, { vms: [], total: 0, nextCursor: 'again' }),
  );
  await using client = server.client();
  await expect(Array.fromAsync(client.vms.all())).rejects.toMatchObject({ code: 'ERR_CLOUDVM_BAD_ANSWER' });
  expect(server.requests).toHaveLength(2);
});

function operationThat(...statuses: readonly string[]): Promise<ScriptedServer> {
  return ScriptedServer.start((response, _request, number) => {
    const status = statuses[number] ?? statuses.at(-1);
    const error = status === 'failed' ? 'no room' : null;
    answerJson(response, 200, { ...OPERATION, status, error }, { 'Retry-After': '0' });
  });
}

test('an operation is waited for until it has succeeded', async () => {
  await using server = await operationThat('queued', 'running', 'succeeded');
  await using client = server.client();
  expect(await client.waitFor(OPERATION)).toEqual(OPERATION);
  expect(server.requests.map(({ url }) => url)).toEqual(Array(3).fill(`/api/operations/${OPERATION.id}`));
});

test('an operation that fails is an error with the operation', async () => {
  await using server = await operationThat('running', 'failed');
  await using client = server.client();
  await expect(client.waitFor({ id: OPERATION.id })).rejects.toMatchObject({
    code: 'ERR_CLOUDVM_OPERATION_FAILED',
    message: 'The operation start has failed: no room',
    operation: { status: 'failed', error: 'no room' },
  });
});

test('waiting ends with its time, and with the signal of the caller', async () => {
  await using server = await operationThat('running');
  await using client = server.client();
  await expect(client.waitFor(OPERATION, { timeoutMs: 80 })).rejects.toMatchObject({
    code: 'ERR_CLOUDVM_TIMEOUT',
    phase: 'total',
  });
  const controller = new AbortController();
  const waiting = client.waitFor(OPERATION, { signal: controller.signal });
  controller.abort('enough');
  await expect(waiting).rejects.toBe('enough');
});

test('an operation that does not exist is a problem', async () => {
  await using server = await ScriptedServer.start((response) => answerProblem(response, 404, 'not-found'));
  await using client = server.client();
  await expect(client.waitFor(OPERATION)).rejects.toMatchObject({ problem: 'not-found' });
});
