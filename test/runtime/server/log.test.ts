/** The log of the process, when nobody reads it, when a worker dies, and when the same error comes again. */

import { describe, expect, test } from 'vitest';
import { RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { ServerProcess } from './support/server-process.ts';

const APP = new URL('./fixtures/chatty-app.ts', import.meta.url).pathname;

/** More than the bound of what the process keeps, at 10 KB a line. */
const LINES = 400;

function linesWith(output: string, message: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line.includes(`"msg":"${message}"`))
    .map((line) => JSON.parse(line));
}

/** Stops reading the log, and lets the server write more than it may keep. */
async function fillTheLog(server: ServerProcess): Promise<void> {
  using client = await RawClient.connect(await server.port);
  await server.complete;
  server.child.stdout?.pause();
  for (let number = 0; number < LINES; number++) {
    expect((await client.get(`/much/${number}`)).status).toBe(200);
  }
}

describe('while nobody reads the log', () => {
  test('requests are served, and a signal stops the server in order', async () => {
    await using server = new ServerProcess({ APP });
    await fillTheLog(server);
    using client = await RawClient.connect(await server.port);
    expect((await client.get('/health')).status).toBe(200);
    const exited = new Promise((resolve) => server.child.once('exit', resolve));
    server.child.kill('SIGTERM');
    expect(await exited).toBe(0);
    server.child.stdout?.resume();
  });

  test('lines beyond a bound are dropped, and the log says how many', async () => {
    await using server = new ServerProcess({ APP });
    await fillTheLog(server);
    server.child.stdout?.resume();
    await until('the log reports dropped lines', () => server.output.includes('"dropped":'));
    const dropped = /"dropped":(\d+)/.exec(server.output)?.[1];
    const written = linesWith(server.output, 'much').map(({ number }) => number);
    expect(written.length + Number(dropped)).toBe(LINES);
    // The oldest are kept, in order.
    expect(written).toEqual(written.map((_, index) => index));
  });
});

test.each(['exit', 'loop'])('no line of a worker is lost whose end is: %s', async (end) => {
  await using server = new ServerProcess({ APP, HANDLER_TIMEOUT_MS: '500' });
  using client = await RawClient.connect(await server.port);
  expect([500, 504]).toContain((await client.get(`/last-words/${end}`)).status);
  server.child.kill('SIGTERM');
  expect(await server.exitCode()).toBe(0);
  const words = linesWith(server.output, 'last words').map(({ word }) => word);
  expect(words).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
});

test('an answer that comes too late is logged once, with its route', async () => {
  await using server = new ServerProcess({ APP });
  using client = await RawClient.connect(await server.port);
  for (let number = 0; number < 20; number++) expect((await client.get('/too-late')).status).toBe(500);
  server.child.kill('SIGTERM');
  expect(await server.exitCode()).toBe(0);
  const [first, ...others] = linesWith(
    server.output,
    'A handler went on after its request was answered. That is ignored',
  );
  expect(first).toMatchObject({ error: { message: expect.stringContaining('GET /too-late') } });
  expect(others.every(({ repeated }) => Number(repeated) > 0)).toBe(true);
});

test('an error that comes again and again is logged once, and then counted', async () => {
  await using server = new ServerProcess({ APP });
  using client = await RawClient.connect(await server.port);
  for (let number = 0; number < 50; number++) expect((await client.get('/throw')).status).toBe(500);
  server.child.kill('SIGTERM');
  expect(await server.exitCode()).toBe(0);
  const [first, ...others] = linesWith(server.output, 'A handler failed');
  expect(first).toMatchObject({ path: '/throw', error: { message: 'the same as ever' } });
  expect(first).not.toHaveProperty('repeated');
  expect(others.reduce((sum, { repeated }) => sum + Number(repeated), 0)).toBe(49);
  // A slow machine may take longer for the requests than one period of counting.
  expect(others.length).toBeLessThan(10);
});
