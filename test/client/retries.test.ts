/** What is sent again, how often, and when. */
import { expect, test } from 'vitest';
import { type CloudVmClient, CloudVmNetworkError, CloudVmProblem } from '../../src/client/index.ts';
import { answerJson, answerProblem, ID, OPERATION, ScriptedServer, VM } from './support/scripted-server.ts';

const NEW_VM = { name: 'web', provider: 'local', region: 'here' } as const;
const LOCATION = { 'Operation-Location': `/api/operations/${OPERATION.id}` };

/** Fails the first requests in a way of its own, and answers the others with a VM. */
function failing(times: number, fail: Parameters<typeof ScriptedServer.start>[0]): Promise<ScriptedServer> {
  return ScriptedServer.start((response, request, number) => {
    if (number < times) fail(response, request, number);
    else answerJson(response, 200, VM, LOCATION);
  });
}

test.each([500, 502, 503, 504, 429])('a GET is sent again after %i', async (status) => {
  await using server = await failing(2, (response) => answerProblem(response, status, 'x'));
  await using client = server.client();
  expect(await client.vms.get(ID)).toEqual(VM);
  expect(server.requests).toHaveLength(3);
});

test.each([400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 501])(
  'nothing is sent again after %i',
  async (status) => {
    await using server = await failing(2, (response) => answerProblem(response, status, 'x'));
    await using client = server.client();
    await expect(client.vms.get(ID)).rejects.toMatchObject({ code: 'ERR_CLOUDVM_PROBLEM', status });
    expect(server.requests).toHaveLength(1);
  },
);

test('a GET is sent again after a broken connection, and after half an answer', async () => {
  await using server = await failing(2, (response, _request, number) => {
    if (number === 1) {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
      response.write('{"id":');
    }
    setImmediate(() => response.destroy());
  });
  await using client = server.client();
  expect(await client.vms.get(ID)).toEqual(VM);
  expect(server.requests).toHaveLength(3);
});

test('attempts are bounded, and the last error is thrown', async () => {
  await using server = await failing(100, (response, _request, number) =>
    answerProblem(response, 503, `problem-${number}`),
  );
  await using client = server.client({ retry: { attempts: 3 } });
  await expect(client.vms.get(ID)).rejects.toMatchObject({ problem: 'problem-2' });
  expect(server.requests).toHaveLength(3);
});

test('creating a VM is sent again with the same key, and each call has a key of its own', async () => {
  await using server = await failing(2, (response) => response.destroy());
  await using client = server.client();
  await client.vms.create(NEW_VM);
  await client.vms.create(NEW_VM);
  const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual([keys[0], keys[0], keys[0], expect.any(String)]);
  expect(keys[3]).not.toBe(keys[0]);
});

test.each<[string, (client: CloudVmClient) => Promise<unknown>]>([
  ['stopping a VM', (client) => client.vms.stop(ID)],
  ['taking a snapshot', (client) => client.snapshots.create(ID, { name: 'x' })],
  [
    'registering',
    (client) => client.register({ email: 'a@example.com', username: 'ada', password: 'secret' }),
  ],
  ['changing the password', (client) => client.changePassword({ currentPassword: 'x', newPassword: 'y' })],
])('%s is sent again with the same key, also while the first attempt is carried out', async (_, call) => {
  const inUse = ['idempotency-key-in-use', { 'Retry-After': '0' }] as const;
  await using server = await failing(100, (response, _request, number) => {
    if (number === 0) response.destroy();
    else if (number === 1) answerProblem(response, 409, ...inUse);
    else answerProblem(response, 404, 'not-found');
  });
  await using client = server.client();
  await expect(call(client)).rejects.toMatchObject({ status: 404 });
  const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual([expect.any(String), keys[0], keys[0]]);
});

test('a key of the caller is sent as it is', async () => {
  await using server = await failing(0, () => undefined);
  await using client = server.client();
  await client.vms.create(NEW_VM, { idempotencyKey: 'mine' });
  expect(server.requests[0]?.headers['idempotency-key']).toBe('mine');
});

test('a PATCH is never sent again', async () => {
  await using server = await failing(100, (response, _request, number) => {
    if (number % 2 === 0) response.destroy();
    else answerProblem(response, 503, 'service-unavailable', { 'Retry-After': '0' });
  });
  await using client = server.client();
  await expect(client.vms.update(ID, { name: 'x' })).rejects.toThrow(CloudVmNetworkError);
  await expect(client.vms.update(ID, { name: 'x' })).rejects.toThrow(CloudVmProblem);
  expect(server.requests).toHaveLength(2);
});

test('a PUT is sent again, but not one with a precondition, which it would break itself', async () => {
  await using server = await failing(1, (response) => response.destroy());
  await using client = server.client();
  await client.vms.setTag(ID, 'team', 'blue');
  expect(server.requests).toHaveLength(2);

  await using broken = await failing(100, (response) => response.destroy());
  await using other = broken.client();
  const change = other.vms.setTag(ID, 'team', 'blue', { ifMatch: VM });
  await expect(change).rejects.toThrow(CloudVmNetworkError);
  expect(broken.requests).toHaveLength(1);
});

test('a deletion whose answer was lost is done when there is nothing left to delete', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number === 0) response.destroy();
    else answerProblem(response, 404, 'not-found');
  });
  await using client = server.client();
  await client.vms.delete(ID);
  expect(server.requests).toHaveLength(2);
  // Nothing was lost here, so it is an error.
  await expect(client.vms.delete(ID)).rejects.toMatchObject({ problem: 'not-found' });
});

test('a tag is not taken for removed because its VM is not there', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number === 0) response.destroy();
    else answerProblem(response, 404, 'not-found');
  });
  await using client = server.client();
  await expect(client.vms.deleteTag(ID, 'team')).rejects.toMatchObject({ problem: 'not-found' });
});

test('a deletion that was refused for the moment is not taken for done', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number === 0) answerProblem(response, 429, 'too-many-requests', { 'Retry-After': '0' });
    else answerProblem(response, 404, 'not-found');
  });
  await using client = server.client();
  await expect(client.vms.delete(ID)).rejects.toMatchObject({ problem: 'not-found' });
});

test('Retry-After is waited for', async () => {
  await using server = await failing(1, (response) =>
    answerProblem(response, 503, 'service-unavailable', { 'Retry-After': '1' }),
  );
  await using client = server.client();
  const startedAt = performance.now();
  await client.vms.get(ID);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
});

test('Retry-After as a date is seen from the clock of the server', async () => {
  await using server = await failing(1, (response) =>
    answerProblem(response, 503, 'service-unavailable', {
      Date: 'Fri, 01 Jan 2100 00:00:00 GMT',
      'Retry-After': 'Fri, 01 Jan 2100 00:00:01 GMT',
    }),
  );
  await using client = server.client();
  const startedAt = performance.now();
  await client.vms.get(ID);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
});

test('a wait that is longer than the call may take is not begun', async () => {
  await using server = await failing(1, (response) =>
    answerProblem(response, 503, 'service-unavailable', { 'Retry-After': '86400' }),
  );
  await using client = server.client();
  await expect(client.vms.get(ID)).rejects.toMatchObject({ status: 503, retryAfterMs: 86_400_000 });
  expect(server.requests).toHaveLength(1);
});

test('a VM that is pending is an error, unless the caller wants to wait', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number < 8) answerProblem(response, 409, 'vm-pending', { 'Retry-After': '0' });
    else answerJson(response, 202, VM, LOCATION);
  });
  await using client = server.client({ retry: { attempts: 1 } });
  await expect(client.vms.stop(ID)).rejects.toMatchObject({ problem: 'vm-pending' });
  expect(server.requests).toHaveLength(1);
  await client.vms.stop(ID, { waitWhilePending: true });
  expect(server.requests).toHaveLength(9);
});

test('a conflict that does not pass by itself is an error also for a caller who waits', async () => {
  await using server = await failing(1, (response) => answerProblem(response, 409, 'vm-status-conflict'));
  await using client = server.client();
  const stop = client.vms.stop(ID, { waitWhilePending: true });
  await expect(stop).rejects.toMatchObject({ problem: 'vm-status-conflict' });
});

test('after an answer that leaves nothing of the rate limit, the next request waits', async () => {
  await using server = await ScriptedServer.start((response, _request, number) =>
    answerJson(response, 200, VM, {
      'RateLimit-Policy': '"burst";q=100;w=60, "day";q=5000;w=86400',
      RateLimit: `"day";r=4000;t=3600, "burst";r=${number === 0 ? 0 : 99};t=1`,
    }),
  );
  await using client = server.client();
  expect(client.rateLimit).toBeUndefined();
  await client.vms.get(ID);
  expect(client.rateLimit).toEqual({
    policy: 'burst',
    remaining: 0,
    resetMs: 1000,
    quota: 100,
    windowMs: 60_000,
  });
  const startedAt = performance.now();
  await client.vms.get(ID);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
  expect(client.rateLimit).toMatchObject({ policy: 'burst', remaining: 99 });
});

test('a call that has no time to wait for the rate limit is sent at once', async () => {
  await using server = await ScriptedServer.start((response) =>
    answerJson(response, 200, VM, { RateLimit: '"day";r=0;t=86400' }),
  );
  await using client = server.client();
  await client.vms.get(ID);
  expect(await client.vms.get(ID)).toEqual(VM);
});
