/** Somebody always serves: workers that fail, are exhausted or hang take nobody's place for long. */

import { mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { Server } from '../../../src/runtime/server/server.ts';
import { getRequest, RawClient, type RawResponse } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

const HANGING_APPLICATION = new URL('./fixtures/hanging-app.ts', import.meta.url).href;
/** Threads that may exist besides the pool. */
const SPARE_SLOTS = 4;

const threadOf = (response: RawResponse): number => JSON.parse(response.body.toString()).thread;

async function threadThatServes(server: Server): Promise<number> {
  using client = await RawClient.connect(server.port);
  return threadOf(await client.get('/thread'));
}

describe('a worker that fails', () => {
  test('serves until a replacement does, and when drains take all slots, until there is a slot', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    const held: RawClient[] = [];
    // Each time, a request in flight keeps the slot of the worker that has failed.
    for (let failure = 0; failure < 2 * SPARE_SLOTS; failure++) {
      const client = await RawClient.connect(server.port);
      client.send(getRequest(`/hold/${failure}`));
      const { thread } = await stage.cue('started', `${failure}`);
      held.push(client);
      using failing = await RawClient.connect(server.port);
      expect((await failing.get('/late')).status).toBe(200);
      if (failure < SPARE_SLOTS) while ((await threadThatServes(server)) === thread);
      else expect((await failing.get('/thread')).status).toBe(200);
      expect(server.usage.workers).toBeGreaterThanOrEqual(1);
    }
    expect(server.threads).toBe(1 + SPARE_SLOTS);
    for (const [number, client] of held.entries()) {
      stage.release(`${number}`);
      expect((await client.next()).status).toBe(200);
      client.halfClose();
    }
    await expectRest(server, 1);
    await until('the drains have ended', () => server.threads === 1);
  });

  test('is replaced by one that drains for the longest time, if handlers that never settle fill the others', async () => {
    using stage = new Stage();
    const settings = { workers: 1, maxInFlight: 2, handlerTimeoutMs: 300, drainTimeoutMs: 60_000 };
    await using server = await startServer({ ...settings, shutdownTimeoutMs: 1_000 }, stage);
    const threads = new Set<number>();
    for (let round = 0; threads.size <= 2 * SPARE_SLOTS; round++) {
      const clients = await Promise.all([0, 1].map(() => RawClient.connect(server.port)));
      for (const [index, client] of clients.entries()) client.send(getRequest(`/hang/${round}-${index}`));
      const cues = await Promise.all([0, 1].map((index) => stage.cue('started', `${round}-${index}`)));
      for (const client of clients) {
        expect((await client.next()).status).toBe(504);
        client.halfClose();
      }
      for (const { thread } of cues) threads.add(thread);
    }
    expect(await threadThatServes(server)).toBeGreaterThan(0);
  });
});

describe('a version of the application that hangs while it is loaded', () => {
  test('is overtaken by the next reload, and the old workers serve meanwhile', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'hanging-'));
    const marker = join(directory.path, 'hangs');
    const environment = { ...process.env, HANGS: marker };
    await using server = await startServer({ app: HANGING_APPLICATION, workers: 2, environment });
    // Threads that start from now on have a higher number.
    const { threadId: latest } = new Worker('', { eval: true });
    writeFileSync(marker, '');
    const hanging = server.reload();
    await until('a third worker is loading', () => server.threads === 3);
    expect(await threadThatServes(server)).toBeLessThan(latest);
    rmSync(marker);
    expect(await server.reload()).toBe(true);
    expect(await hanging).toBe(false);
    expect(await threadThatServes(server)).toBeGreaterThan(latest);
    await expectRest(server, 2);
  });

  test('delays no stop', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'hanging-'));
    const marker = join(directory.path, 'hangs');
    const environment = { ...process.env, HANGS: marker };
    const server = await startServer({ app: HANGING_APPLICATION, workers: 1, environment });
    writeFileSync(marker, '');
    const hanging = server.reload();
    await until('a second worker is loading', () => server.threads === 2);
    expect(await server.close()).toMatchObject({ orderly: true, workers: 0 });
    expect(await hanging).toBe(false);
    expect(server.threads).toBe(0);
  });
});
