/**
 * No client makes a worker serve it alone, however many requests it pipelines, and however long its streams
 * are. Such a worker does not look stuck either.
 */

import { describe, expect, test } from 'vitest';
import { SILENT_LOGGER } from '../../../src/runtime/server/runtime-logger.ts';
import { getRequest, RawClient, type RawResponse } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { startServer } from './support/start.ts';

const threadOf = (response: RawResponse): unknown => JSON.parse(response.body.toString()).thread;

function recordingLogger() {
  const errors: string[] = [];
  return {
    errors,
    logger: { ...SILENT_LOGGER, error: (_: object, message: string) => errors.push(message) },
  };
}

describe('pipelined requests', () => {
  test.each([
    ['synchronous handlers', '/cpu?ms=50'],
    ['handlers that wait for nothing', '/burn/promises'],
  ])('of %s do not make their worker look stuck, and let others be served', async (_, path) => {
    const { errors, logger } = recordingLogger();
    await using server = await startServer({ workers: 1, handlerTimeoutMs: 1_000, logger });
    using client = await RawClient.connect(server.port);
    using bystander = await RawClient.connect(server.port);
    const answered: string[] = [];
    client.send(getRequest(path).repeat(50));
    const all = (async () => {
      for (let number = 0; number < 50; number++) expect((await client.next()).status).toBe(200);
      answered.push('all');
    })();
    for (let number = 0; number < 5; number++) {
      expect((await bystander.get('/thread')).status).toBe(200);
      answered.push('bystander');
    }
    await all;
    expect(answered.at(-1)).toBe('all');
    expect(errors).toEqual([]);
  });
});

describe('a stream of many tiny pieces', () => {
  test('arrives completely', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    const { body } = await client.get('/stream?chunks=100000&ms=0');
    expect(body.toString().split('\n')).toHaveLength(100_001);
    expect(body.toString()).toMatch(/piece 99999\npiece 100000\n$/);
  });

  test.each([
    ['to a reader', 1, false],
    ['to readers', 8, false],
    ['that nobody reads', 250, true],
  ])('%s does not hold its worker', async (_, count, paused) => {
    const { errors, logger } = recordingLogger();
    await using server = await startServer({
      workers: 1,
      handlerTimeoutMs: 2_000,
      shutdownTimeoutMs: 1_000,
      logger,
    });
    const readers = await Promise.all(
      Array.from({ length: count }, () => RawClient.connect(server.port, { paused })),
    );
    for (const reader of readers) reader.send(getRequest('/stream?chunks=1000000&ms=0'));
    await until('the streams have begun', () => paused || readers.every(({ received }) => received > 1_000));
    using bystander = await RawClient.connect(server.port);
    // Longer than the time after which a worker that holds up its event loop is ended.
    const end = performance.now() + 4_000;
    while (performance.now() < end) expect((await bystander.get('/thread')).status).toBe(200);
    expect(errors).toEqual([]);
    for (const reader of readers) {
      expect(reader.ended).toBe(false);
      reader.reset();
    }
  });
});

describe('an answer after the response was sent', () => {
  test.each(['timer', 'promise', 'reading'])('(%s) is ignored, and costs no worker', async (how) => {
    const { errors, logger } = recordingLogger();
    await using server = await startServer({ workers: 1, logger });
    using client = await RawClient.connect(server.port);
    const thread = threadOf(await client.get('/thread'));
    for (let number = 0; number < 60; number++) {
      expect((await client.get(`/too-late/${how}`)).status).toBe(500);
    }
    expect(threadOf(await client.get('/thread'))).toBe(thread);
    expect(server.threads).toBe(1);
    expect(errors).toEqual([]);
  });
});
