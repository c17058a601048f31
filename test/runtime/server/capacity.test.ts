/** The limits of connections and memory, and the use of all workers. */

import { describe, expect, test } from 'vitest';
import { getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

/** Burns the processor from all clients until so many workers have taken part. */
async function untilSeen(clients: readonly RawClient[], workers: number): Promise<void> {
  const seen = new Set<number>();
  const deadline = performance.now() + 20_000;
  await Promise.all(
    clients.map(async (client) => {
      while (seen.size < workers && performance.now() < deadline) {
        seen.add(JSON.parse((await client.get('/cpu?ms=5')).body.toString()).worker);
      }
    }),
  );
  expect(seen.size).toBe(workers);
}

describe('the number of connections', () => {
  test('above MAX_CONNECTIONS leads to 503 and a close, until a connection ends', async () => {
    await using server = await startServer({ workers: 1, maxConnections: 8 });
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(server.port)));
      for (const client of clients) expect((await client.get('/health')).status).toBe(200);
      for (let number = 0; number < 4; number++) {
        using refused = await RawClient.connect(server.port);
        refused.send(getRequest('/health'));
        const response = await refused.next();
        expect(response.status).toBe(503);
        expect(response.headers['retry-after']).toBeDefined();
        expect(await refused.end()).toHaveLength(0);
        expect(refused.error).toBeUndefined();
      }
      for (const client of clients) expect((await client.get('/health')).status).toBe(200);
      for (const client of clients) client.halfClose();
      await expectRest(server, 1);
    }
  });

  test('includes clients that are gone while their handlers still run', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, maxConnections: 1 }, stage);
    const gone = await RawClient.connect(server.port);
    gone.send(getRequest('/hold/gone'));
    await stage.cue('started', 'gone');
    gone.reset();
    await stage.cue('aborted', 'gone');
    using refused = await RawClient.connect(server.port);
    expect((await refused.next()).status).toBe(503);
    stage.release('gone');
    await expectRest(server, 1);
    using client = await RawClient.connect(server.port);
    expect((await client.get('/health')).status).toBe(200);
  });
});

describe('the inbound memory', () => {
  test('when exhausted leads to 503 for requests that need more, and all others are served', async () => {
    await using server = await startServer({ workers: 1, inboundMemoryMb: 1, maxBodyBytes: 100_000 });
    const holders = await Promise.all(Array.from({ length: 512 }, () => RawClient.connect(server.port)));
    for (const holder of holders) holder.send('GET /params/a/b HTTP/1.1\r\n');
    await until('they fill the memory', () => server.usage.inboundBytes === 1_048_576);
    using refused = await RawClient.connect(server.port);
    refused.send(getRequest('/health'));
    const response = await refused.next();
    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toBeDefined();
    expect(await refused.end()).toHaveLength(0);
    refused.halfClose();
    for (const holder of holders) {
      holder.send('Host: test\r\n\r\n');
      expect((await holder.final()).body.toString()).toBe('{"a":"a","b":"b"}');
    }
    // All of it is given back and joined again: now it holds what needs a large piece.
    using large = await RawClient.connect(server.port);
    large.send(postRequest('/echo', 'x'.repeat(100_000)));
    expect((await large.next()).body).toHaveLength(100_000);
    for (const client of [large, ...holders]) client.halfClose();
    await expectRest(server, 1);
  });

  test('is not taken from others by a client that wants too much', async () => {
    await using server = await startServer({ workers: 1, inboundMemoryMb: 1, maxBodyBytes: 900_000 });
    using small = await RawClient.connect(server.port);
    using large = await RawClient.connect(server.port);
    small.send('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nabcd');
    await until('it has a buffer', () => server.usage.inboundBytes > 0);
    // Needs the whole memory, of which a part is taken.
    large.send('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n');
    large.send(Buffer.alloc(900_000, 'x'));
    expect((await large.next()).status).toBe(503);
    small.send('e');
    expect((await small.next()).body.toString()).toBe('abcde');
  });
});

test('a body that is announced but not sent takes no memory', async () => {
  await using server = await startServer({ workers: 1, inboundMemoryMb: 3 });
  const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(server.port)));
  for (const client of clients) {
    client.send('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n');
  }
  await until('all have a buffer', () => server.usage.inboundBytes >= 30 * 2_048);
  expect(server.usage.inboundBytes).toBe(30 * 2_048);
  using other = await RawClient.connect(server.port);
  expect((await other.get('/params/a/b')).status).toBe(200);
  for (const client of clients) client.reset();
  other.halfClose();
  await expectRest(server, 1);
});

describe('the pool of workers', () => {
  test('serves CPU-bound requests from 8 connections on all 8 workers', async () => {
    await using server = await startServer({ workers: 8 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(server.port)));
    await untilSeen(clients, 8);
    for (const client of clients) client.halfClose();
    await expectRest(server, 8);
  });

  test('gives each worker MAX_IN_FLIGHT asynchronous requests, and lets further ones wait', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 3, maxInFlight: 10 }, stage);
    const clients = await Promise.all(Array.from({ length: 31 }, () => RawClient.connect(server.port)));
    for (const [index, client] of clients.entries()) client.send(getRequest(`/hold/${index}`));
    await until('all but one have started', () => stage.cues.length === 30);
    await until('the last one waits', () => server.usage.queued === 1);
    const loads = new Map<number, number>();
    for (const { thread } of stage.cues) loads.set(thread, (loads.get(thread) ?? 0) + 1);
    expect([...loads.values()]).toEqual([10, 10, 10]);
    const first = stage.cues[0];
    stage.release(first?.key ?? '');
    await until('it has started too', () => stage.cues.length === 31);
    expect(stage.cues.at(-1)?.thread).toBe(first?.thread);
    for (const index of clients.keys()) stage.release(`${index}`);
    for (const client of clients) {
      expect((await client.next()).status).toBe(200);
      client.halfClose();
    }
    await expectRest(server, 3);
  });
});

describe('the memory for requests', () => {
  test('leaves small requests to others while large ones take all that they may', async () => {
    await using server = await startServer({ workers: 1, inboundMemoryMb: 8 });
    const body = 'x'.repeat(60_000);
    const senders: RawClient[] = [];
    for (let number = 0; number < 200; number++) {
      const sender = await RawClient.connect(server.port);
      senders.push(sender);
      await sender.sendSegment(`POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 65000\r\n\r\n${body}`);
    }
    using other = await RawClient.connect(server.port);
    for (let number = 0; number < 50; number++) {
      expect((await other.get('/params/a/b')).status).toBe(200);
      expect(server.usage.inboundBytes).toBeLessThanOrEqual(8 * 1_048_576);
    }
    // Those beyond the share of one address were refused.
    expect(senders.some(({ received }) => received > 0)).toBe(true);
    for (const sender of senders) sender.reset();
    other.halfClose();
    await expectRest(server, 1);
  });

  test('bounds also what comes beside running requests', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, inboundMemoryMb: 8, maxInFlight: 500 }, stage);
    const pipelined = getRequest('/params/a/b').repeat(1_500);
    const clients = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect(server.port)));
    for (const [number, client] of clients.entries()) client.send(getRequest(`/hold/${number}`));
    for (const number of clients.keys()) await stage.cue('started', `${number}`);
    for (const client of clients) client.send(pipelined);
    using other = await RawClient.connect(server.port);
    for (let number = 0; number < 50; number++) {
      expect((await other.get('/params/a/b')).status).toBe(200);
      expect(server.usage.inboundBytes).toBeLessThanOrEqual(8 * 1_048_576);
    }
    for (const number of clients.keys()) stage.release(`${number}`);
    const statuses = await Promise.all(
      clients.map(async (client) => {
        expect((await client.next()).status).toBe(200);
        return (await client.next()).status;
      }),
    );
    // A request for whose bytes there was no memory is refused.
    for (const status of statuses) expect([200, 503]).toContain(status);
    expect(statuses).toContain(200);
    for (const client of clients) client.reset();
    other.halfClose();
    await expectRest(server, 1);
  });
});
