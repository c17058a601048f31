import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type LoadRequest, runLoad, UNIQUE } from '../../bench/load.ts';

test('a load of several requests sends each of them, with its own headers and body, in any order', async () => {
  const requests: readonly LoadRequest[] = [
    { method: 'GET', path: '/vms/1', headers: { Authorization: 'Bearer one' } },
    { method: 'GET', path: '/vms/2', headers: { Authorization: 'Bearer "two"' } },
    {
      method: 'POST',
      path: '/vms',
      headers: { 'Idempotency-Key': `key-${UNIQUE}`, 'Content-Type': 'application/json' },
      body: '{"name":"\\"weiß\\""}',
    },
  ];
  const seen = new Map<string | undefined, { headers: IncomingHttpHeaders; body: string }>();
  const keys: unknown[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    seen.set(request.url, { headers: request.headers, body });
    if (request.url === '/vms') keys.push(request.headers['idempotency-key']);
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    const url = `http://127.0.0.1:${address.port}`;
    const { generatorShare } = await runLoad({ url, connections: 2, seconds: 1, pipeline: 1, requests });
    expect(generatorShare).toBeGreaterThan(0);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  expect(seen.get('/vms/1')?.headers.authorization).toBe('Bearer one');
  expect(seen.get('/vms/2')?.headers.authorization).toBe('Bearer "two"');
  expect(seen.get('/vms')).toMatchObject({
    headers: { 'content-type': 'application/json' },
    body: '{"name":"\\"weiß\\""}',
  });
  expect(keys.length).toBeGreaterThan(1);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^key-[0-9a-f-]{36}/.test(String(key)))).toBe(true);
});
