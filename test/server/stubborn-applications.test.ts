/** Applications that do not come to an end, or end where they should not: every wait for them has a bound. */

import { expect, test } from 'vitest';
import { Server } from '../../src/server/server.ts';
import { RawClient } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

const APPLICATION = new URL('./fixtures/stubborn-app.ts', import.meta.url).href;

function start(stubborn: string): Promise<Server> {
  return Server.start({
    app: APPLICATION,
    port: 0,
    workers: 1,
    drainTimeoutMs: 200,
    shutdownTimeoutMs: 5_000,
    logLevel: 'silent',
    environment: { ...process.env, STUBBORN: stubborn },
  });
}

test('a worker that ends in prepare() fails the start', async () => {
  await expect(start('prepare')).rejects.toThrow('exit code 1');
});

test('a stop() that never settles holds up neither a reload nor the end', async () => {
  const server = await start('stop');
  await server.reload();
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  expect(await server.close()).toBe(true);
});

test('a handler that a reload interrupts is answered for with 503, not with an empty success', async () => {
  await using server = await start('nowhere');
  using client = await RawClient.connect(server.port);
  client.send('POST /until-aborted HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
  await until('the handler waits', () => server.usage.inboundBytes > 0);
  const [response] = await Promise.all([client.next(), server.reload()]);
  expect(response.status).toBe(503);
  client.halfClose();
});
