/**
 * Routes that end their workers again and again are cut off, and the log says what a dead worker was doing.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SILENT_LOGGER } from '../../../src/runtime/server/runtime-logger.ts';
import { getRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

interface Line {
  readonly message: string;
  readonly details: Record<string, unknown>;
}

function recordingLogger() {
  const lines: Line[] = [];
  const log = (details: object, message: string) => {
    lines.push({ details: details as Record<string, unknown>, message });
  };
  return { lines, logger: { ...SILENT_LOGGER, error: log, warn: log } };
}

describe('a route that keeps ending its workers', () => {
  test.each([
    ['exits', '/exit', 500],
    ['never returns', '/spin', 504],
    ['exits after its first wait, alone', '/die/1', 500],
  ])('gets 503 for a while if its handler %s, and all other routes go on', async (_, path, status) => {
    const { lines, logger } = recordingLogger();
    await using server = await startServer({
      workers: 3,
      handlerTimeoutMs: 500,
      cutOffMs: 600_000,
      logger,
    });
    using killer = await RawClient.connect(server.port);
    using bystander = await RawClient.connect(server.port);
    const statuses: number[] = [];
    let response = await killer.get(path);
    for (; response.status !== 503; response = await killer.get(path)) {
      statuses.push(response.status);
      expect((await bystander.get('/params/a/b')).status).toBe(200);
    }
    // A request that may be repeated runs once more on another worker, which it ends too.
    expect(statuses.length).toBeLessThanOrEqual(3);
    expect(new Set(statuses)).toEqual(new Set([status]));
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(200);
    const pool = JSON.parse((await bystander.get('/pool')).body.toString());
    expect(pool.cutOffRoutes).toHaveLength(1);
    expect(lines.filter(({ message }) => message.includes('is cut off'))).toHaveLength(1);
    for (let number = 0; number < 20; number++) expect((await killer.get(path)).status).toBe(503);
    expect((await bystander.get('/health')).status).toBe(200);
    killer.halfClose();
    bystander.halfClose();
    await expectRest(server, 3);
  });

  test('is open again after that time', async () => {
    await using server = await startServer({ workers: 2, cutOffMs: 200 });
    using killer = await RawClient.connect(server.port);
    for (let death = 0; death < 3; death++) expect((await killer.get('/exit')).status).toBe(500);
    expect((await killer.get('/exit')).status).toBe(503);
    let status = 503;
    for (; status === 503; await delay(20)) status = (await killer.get('/exit')).status;
    expect(status).toBe(500);
  });
});

test('bystanders of a route that ends one worker after the other are run again until they succeed', async () => {
  using stage = new Stage();
  await using server = await startServer({ workers: 1, cutOffMs: 0 }, stage);
  using bystander = await RawClient.connect(server.port);
  using killer = await RawClient.connect(server.port);
  bystander.send(getRequest('/hold/bystander'));
  for (let death = 1; death <= 4; death++) {
    await until('the bystander runs', () => stage.count('started', 'bystander') === death);
    expect((await killer.get('/exit')).status).toBe(500);
  }
  await until('the bystander runs again', () => stage.count('started', 'bystander') === 5);
  stage.release('bystander');
  expect((await bystander.next()).status).toBe(200);
});

test('restarts beyond the budget wait, but never while nobody serves', async () => {
  await using server = await startServer({ workers: 2, cutOffMs: 0, restartsPerSecond: 0.001 });
  using killer = await RawClient.connect(server.port);
  for (let death = 0; death < 30; death++) expect((await killer.get('/exit')).status).toBe(500);
  using client = await RawClient.connect(server.port);
  expect((await client.get('/thread')).status).toBe(200);
  expect(server.usage.workers).toBeGreaterThan(0);
});

test('the log says what a worker was doing when it died', async () => {
  using stage = new Stage();
  const { lines, logger } = recordingLogger();
  await using server = await startServer({ workers: 1, logger }, stage);
  using bystander = await RawClient.connect(server.port);
  using killer = await RawClient.connect(server.port);
  expect((await killer.get('/params/1/2')).status).toBe(200);
  bystander.send(getRequest('/hold/bystander'));
  await stage.cue('started', 'bystander');
  expect((await killer.get('/exit?token=hidden')).status).toBe(500);
  const line = lines.find(({ message }) => message === 'A worker ended unexpectedly and is replaced');
  expect(line?.details).toMatchObject({
    exitCode: 1,
    running: { route: 'GET /exit', request: expect.stringContaining('GET /exit?token=*** HTTP/1.1') },
    inFlight: [{ route: 'GET /hold/:key', ageMs: expect.any(Number) }],
    inFlightCount: 1,
    lastRequests: [
      expect.stringMatching(/^GET \/exit \(\d+ ms ago\)$/),
      expect.stringMatching(/^GET \/hold\/:key \(/),
      expect.stringMatching(/^GET \/params\/:a\/:b \(/),
    ],
  });
  expect(JSON.stringify(line)).not.toContain('hidden');
  await until('it runs again', () => stage.count('started', 'bystander') === 2);
  stage.release('bystander');
  expect((await bystander.next()).status).toBe(200);
});
