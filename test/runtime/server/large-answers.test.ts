/**
 * Answers of every size, above all those around the bounds on their way: a record, a write as text, the
 * window of a connection, the ring of a worker.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from '../../../src/runtime/server/server.ts';
import { getRequest, RawClient } from '../../support/raw-client.ts';
import { SlowReader } from '../../support/slow-reader.ts';
import { until } from '../../support/until.ts';
import { firstDifference, numberedLines } from './support/pattern.ts';
import { expectRest, startServer } from './support/start.ts';

const KB = 1_024;
const MB = 1_024 * KB;
/** Bytes of what main writes as text, of the largest record, of the window and the ring. */
const BOUNDS = [4 * KB, 16 * KB, 256 * KB - 32, 256 * KB, MB, 2 * MB];
const SMALL = getRequest('/params/a/b');

async function expectPattern(client: RawClient, seed: number, length: number): Promise<void> {
  const { status, headers, body } = await client.next();
  expect([status, headers['content-length'], body.length]).toEqual([200, String(length), length]);
  expect(firstDifference(body, seed, 0)).toBe(-1);
}

describe('large answers', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startServer();
  });

  afterAll(async () => {
    await expectRest(server);
    await server.close();
  });

  test.each(BOUNDS)('of about %i bytes, with and without their head, arrive whole', async (bound) => {
    using client = await RawClient.connect(server.port);
    client.send(getRequest(`/pattern/0/${bound}`));
    await expectPattern(client, 0, bound);
    const head = client.received - bound;
    for (const length of [bound - head, bound].flatMap((size) => [size - 1, size, size + 1])) {
      client.send(getRequest(`/pattern/${length}/${length}`));
      await expectPattern(client, length, length);
    }
  });

  test.each(['ascii', 'unicode'])('of text in %s arrive whole', async (encoding) => {
    using client = await RawClient.connect(server.port);
    for (const count of [1_000, 10_000, 70_000, 300_000]) {
      const { body } = await client.get(`/lines/${count}/${encoding}`);
      expect(body.equals(Buffer.from(numberedLines(count, encoding === 'ascii')))).toBe(true);
    }
  });

  test('come in order with small ones that were asked for together with them', async () => {
    using client = await RawClient.connect(server.port);
    const lengths = Array.from({ length: 40 }, (_, number) => (number * 48_271) % (600 * KB));
    const requests = lengths.map((length, seed) => `${getRequest(`/pattern/${seed}/${length}`)}${SMALL}`);
    client.send(requests.join(''));
    for (const [seed, length] of lengths.entries()) {
      await expectPattern(client, seed, length);
      expect((await client.next()).body.toString()).toBe('{"a":"a","b":"b"}');
    }
  });

  test('are whole although the handler reuses their buffer while they wait', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async (_, seed) => {
        using client = await RawClient.connect(server.port);
        for (const length of [300 * KB, 900 * KB, MB, 2 * MB, 3 * MB]) {
          client.send(getRequest(`/reused/${seed}/${length}`));
          await expectPattern(client, seed, length);
        }
      }),
    );
  });

  test('have no body for HEAD, and the connection goes on', async () => {
    using client = await RawClient.connect(server.port);
    client.send(`HEAD /pattern/1/${MB} HTTP/1.1\r\nHost: a\r\n\r\n${SMALL}`);
    expect((await client.next(true)).headers['content-length']).toBe(String(MB));
    expect((await client.next()).body.toString()).toBe('{"a":"a","b":"b"}');
  });

  test('for HTTP/1.0 arrive whole before the connection ends', async () => {
    for (const length of [100 * KB, 3 * MB]) {
      using client = await RawClient.connect(server.port);
      client.send(`GET /pattern/7/${length} HTTP/1.0\r\n\r\n`);
      await expectPattern(client, 7, length);
      expect(await client.end()).toHaveLength(0);
    }
  });

  test('arrive whole at clients that sent FIN right after their request', async () => {
    using client = await RawClient.connect(server.port);
    client.send(getRequest(`/pattern/3/${2 * MB}`));
    client.halfClose();
    expect(firstDifference((await client.final()).body, 3, 0)).toBe(-1);
  });

  test('of which clients read a part before they leave cost others nothing', async () => {
    const readers = await Promise.all(Array.from({ length: 12 }, () => SlowReader.connect(server.port)));
    for (const [seed, { socket }] of readers.entries())
      socket.write(getRequest(`/pattern/${seed}/${(seed + 1) * 100 * KB}`).repeat(20));
    await Promise.all(readers.map((reader) => reader.readHead()));
    for (const [index, { socket }] of readers.entries()) {
      if (index % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    using client = await RawClient.connect(server.port);
    client.send(getRequest(`/pattern/9/${MB}`));
    await expectPattern(client, 9, MB);
  });
});

test('large answers on many connections share a small OUTBOUND_MEMORY_MB, and each arrives whole', async () => {
  await using server = await startServer({ workers: 2, outboundMemoryMb: 1 });
  const clients = await Promise.all(Array.from({ length: 32 }, () => RawClient.connect(server.port)));
  const length = 100 * KB;
  await Promise.all(
    clients.map(async (client, seed) => {
      using _ = client;
      for (let round = 0; round < 20; round++) {
        client.send(getRequest(`/pattern/${seed}/${length}`));
        const { status, body } = await client.next();
        // 503 if others hold all memory at that moment.
        if (status === 200) expect([body.length, firstDifference(body, seed, 0)]).toEqual([length, -1]);
        else expect(status).toBe(503);
      }
    }),
  );
  await expectRest(server);
});

test('a large answer whose worker ends in the middle is cut off, and its beginning is right', async () => {
  await using server = await startServer({ workers: 1 });
  // More than the kernel takes.
  const length = 64 * MB;
  using reader = await RawClient.connect(server.port, { paused: true });
  reader.send(getRequest(`/pattern/5/${length}`));
  await until('a part of it was sent', () => server.usage.outboundBytes > 0);
  using other = await RawClient.connect(server.port);
  expect((await other.get('/exit')).status).toBe(500);
  reader.resume();
  const received = await reader.end();
  const content = received.subarray(received.indexOf('\r\n\r\n') + 4);
  expect(content.length).toBeGreaterThan(0);
  expect(content.length).toBeLessThan(length);
  expect(firstDifference(content, 5, 0)).toBe(-1);
  expect((await other.get('/params/a/b')).status).toBe(200);
  other.halfClose();
  reader.halfClose();
  await expectRest(server, 1);
});
