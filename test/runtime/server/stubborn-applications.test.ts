/** Applications that never end, or that end too early. Every wait for them is bounded. */

import { existsSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Server } from '../../../src/runtime/server/server.ts';
import { RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';

const APPLICATION = new URL('./fixtures/stubborn-app.ts', import.meta.url).href;

interface StubbornOptions {
  readonly workers?: number;
  /** The first worker that misbehaves makes this file, so that the others do not misbehave. */
  readonly marker?: string;
}

function start(stubborn: string, { workers = 1, marker }: StubbornOptions = {}): Promise<Server> {
  return Server.start({
    app: APPLICATION,
    port: 0,
    workers,
    handlerTimeoutMs: 2_000,
    drainTimeoutMs: 200,
    shutdownTimeoutMs: 5_000,
    logLevel: 'silent',
    environment: { ...process.env, STUBBORN: stubborn, MARKER: marker },
  });
}

test('a worker that ends in prepare() fails the start', async () => {
  await expect(start('prepare')).rejects.toThrow('exit code 1');
});

test('a stop() that never settles delays neither a reload nor the end of the server', async () => {
  const server = await start('stop');
  await server.reload();
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  expect((await server.close()).orderly).toBe(true);
});

test('a reload does not cut off a handler in flight before its own deadline', async () => {
  await using server = await start('nowhere');
  using client = await RawClient.connect(server.port);
  client.send('POST /until-aborted HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
  await until('the handler waits', () => server.usage.inboundBytes > 0);
  const [response] = await Promise.all([client.next(), server.reload()]);
  expect(response.status).toBe(504);
  client.halfClose();
});

test('a later worker that fails to start is started again, and the server goes on', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'stubborn-'));
  await using server = await start('start', { workers: 2, marker: join(directory.path, 'marker') });
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  await server.complete;
  expect(existsSync(join(directory.path, 'marker'))).toBe(true);
});

test('a worker that ends right after its start is replaced', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'stubborn-'));
  await using server = await start('after-start', { workers: 3, marker: join(directory.path, 'marker') });
  await until('the pool is complete', () => server.usage.workers === 3);
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
});

test('a worker that fails right after its start serves no request once it has stopped', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'stubborn-'));
  await using server = await start('throws-after-start', {
    workers: 2,
    marker: join(directory.path, 'marker'),
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${server.url}/ready`)));
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(new Array(20).fill('ready'));
});
