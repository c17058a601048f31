/** Every phase of a call has a limit, and the caller can end it at any moment. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { Agent, errors } from 'undici';
import { expect, test } from 'vitest';
import { CloudVmClient, CloudVmNetworkError } from '../../src/client/index.ts';
import { pause } from '../../src/client/retries/pause.ts';
import { answerJson, answerProblem, ID, ScriptedServer, VM } from './support/scripted-server.ts';

const ONCE = { retry: { attempts: 1 } };

test('an answer that does not begin', async () => {
  await using server = await ScriptedServer.start(() => undefined);
  await using client = server.client({ ...ONCE, timeouts: { headersMs: 50 } });
  await expect(client.vms.get(ID)).rejects.toMatchObject({ code: 'ERR_CLOUDVM_TIMEOUT', phase: 'headers' });
});

test('an answer that trickles without an end, although each piece is in time', async () => {
  await using server = await ScriptedServer.start((response, { gone }) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 5);
    gone.addEventListener('abort', () => clearInterval(timer));
  });
  await using client = server.client({ ...ONCE, timeouts: { bodyMs: 100 } });
  await expect(client.vms.get(ID)).rejects.toMatchObject({ code: 'ERR_CLOUDVM_TIMEOUT', phase: 'body' });
});

test('a whole call with its attempts', async () => {
  await using server = await ScriptedServer.start((response) => answerProblem(response, 503, 'x'));
  await using client = server.client({ retry: { attempts: 1_000_000 } });
  const call = client.vms.get(ID, { timeoutMs: 100 });
  await expect(call).rejects.toMatchObject({ name: expect.stringMatching(/CloudVm(Problem|Timeout)/) });
});

test('an attempt ends with the time of the call, and is not repeated', async () => {
  await using server = await ScriptedServer.start(() => undefined);
  await using client = server.client({ timeouts: { totalMs: 50 } });
  await expect(client.vms.get(ID)).rejects.toMatchObject({ code: 'ERR_CLOUDVM_TIMEOUT', phase: 'total' });
  expect(server.requests.length).toBeLessThan(2);
});

test('an attempt that was too slow is repeated, and its connection is given up', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number > 0) answerJson(response, 200, VM);
  });
  await using client = server.client({ timeouts: { headersMs: 100 } });
  expect(await client.vms.get(ID)).toEqual(VM);
  const gone = server.requests[0]?.gone;
  if (gone?.aborted === false) await once(gone, 'abort');
});

test('a connection that cannot be made', async () => {
  const socket = createServer();
  socket.listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  socket.close();
  await once(socket, 'close');
  await using client = new CloudVmClient({ url: `http://127.0.0.1:${port}`, retry: { baseDelayMs: 1 } });
  const error: unknown = await client.account().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CloudVmNetworkError);
  expect(error).toMatchObject({ code: 'ERR_CLOUDVM_NETWORK', cause: { code: 'ECONNREFUSED' } });
});

test('a connection that takes too long, over a dispatcher of the caller', async () => {
  const agent = new Agent({ connect: (_options, end) => end(new errors.ConnectTimeoutError(), null) });
  await using client = new CloudVmClient({ url: 'http://127.0.0.1:1', dispatcher: agent, ...ONCE });
  await expect(client.account()).rejects.toMatchObject({ code: 'ERR_CLOUDVM_TIMEOUT', phase: 'connect' });
  await client.close();
  // It stays the caller's.
  expect(agent.destroyed).toBe(false);
  await agent.close();
});

test('an answer that is no HTTP, without what it said', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('hunter2 is no status line\r\n\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using client = new CloudVmClient({ url: `http://127.0.0.1:${port}`, ...ONCE });
  const error: unknown = await client.account().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ERR_CLOUDVM_NETWORK' });
  const { inspect } = await import('node:util');
  expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  for (const socket of sockets) socket.destroy();
  server.close();
});

test('the signal of the caller ends a call, with its reason', async () => {
  await using server = await ScriptedServer.start(() => controller.abort(reason));
  await using client = server.client();
  const controller = new AbortController();
  const reason = new Error('enough');
  await expect(client.vms.get(ID, { signal: controller.signal })).rejects.toBe(reason);
});

test('the signal of the caller ends a wait before another attempt', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  await using server = await ScriptedServer.start((response) => {
    answerProblem(response, 503, 'x', { 'Retry-After': '60' });
    response.once('close', () => setImmediate(() => controller.abort(reason)));
  });
  await using client = server.client();
  await expect(client.vms.get(ID, { signal: controller.signal })).rejects.toBe(reason);
});

test('a wait for which no timer is long enough is still a wait', async () => {
  const controller = new AbortController();
  const waiting = pause(1e12, controller.signal);
  // Without the cut, Node.js would wait for 1 ms.
  setTimeout(() => controller.abort('enough'), 50);
  await expect(waiting).rejects.toBe('enough');
});

test('with a signal that is aborted already nothing is sent', async () => {
  await using server = await ScriptedServer.start((response) => answerJson(response, 200, VM));
  await using client = server.client();
  await expect(client.vms.get(ID, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
  expect(server.requests).toHaveLength(0);
});

test('closing ends the calls under way, and later ones are refused', async () => {
  await using server = await ScriptedServer.start(() => void client.close());
  const client = server.client();
  await expect(client.vms.get(ID)).rejects.toMatchObject({ message: 'getVm: the client is closed' });
  await expect(client.vms.get(ID)).rejects.toMatchObject({ code: 'ERR_CLOUDVM_USAGE' });
});

test('a call leaves no listener on a signal that lives for long', async () => {
  const { getEventListeners } = await import('node:events');
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number % 2 === 0) answerProblem(response, 503, 'x');
    else answerJson(response, 200, VM);
  });
  await using client = server.client();
  const { signal } = new AbortController();
  for (let call = 0; call < 5; call++) await client.vms.get(ID, { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
