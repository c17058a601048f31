/** More requests than the workers can serve, or workers that serve nobody, over real sockets. */

import { describe, expect, test } from 'vitest';
import type { Server } from '../../../src/runtime/server/server.ts';
import { getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

/** Takes every place of every worker with handlers that the test holds. */
async function fill(server: Server, stage: Stage, places: number): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: places }, () => RawClient.connect(server.port)));
  for (const [index, client] of clients.entries()) client.send(getRequest(`/hold/${index}`));
  await until('all places are taken', () => stage.cues.length === places);
  return clients;
}

async function empty(holders: readonly RawClient[], stage: Stage): Promise<void> {
  for (const [index, holder] of holders.entries()) {
    stage.release(`${index}`);
    expect((await holder.next()).status).toBe(200);
    holder.halfClose();
  }
}

/** Main has seen that what is in the queue waits: it answers a later request itself, which only main can. */
async function untilMainLooked(server: Server): Promise<void> {
  using client = await RawClient.connect(server.port);
  // Unlike GET, it waits in the queue first.
  client.send('HEAD /constant HTTP/1.1\r\nHost: test\r\n\r\n');
  expect((await client.next(true)).status).toBe(200);
}

describe('a constant answer', () => {
  test('is given while every place of every worker is taken, to GET and to HEAD', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 2, maxInFlight: 2 }, stage);
    const holders = await fill(server, stage, 4);
    using client = await RawClient.connect(server.port);
    const answer = await client.get('/constant');
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(answer.body.toString()).toBe('{"status":"ok"}');
    using other = await RawClient.connect(server.port);
    other.send('HEAD /constant HTTP/1.1\r\nHost: test\r\n\r\n');
    const head = await other.next(true);
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '15' } });
    // Both connections persist.
    other.send(getRequest('/constant').repeat(3));
    for (let number = 0; number < 3; number++) expect((await other.next()).status).toBe(200);
    client.send(getRequest('/constant') + getRequest('/thread'));
    expect((await client.next()).status).toBe(200);
    await empty(holders, stage);
    expect((await client.next()).status).toBe(200);
    client.halfClose();
    other.halfClose();
    await expectRest(server, 2);
  });

  test('is given while all workers spin', async () => {
    await using server = await startServer({ workers: 2, shutdownTimeoutMs: 100 });
    const spinning = await Promise.all([RawClient.connect(server.port), RawClient.connect(server.port)]);
    for (const client of spinning) client.send(getRequest('/spin'));
    using client = await RawClient.connect(server.port);
    for (let question = 0; question < 50; question++) {
      expect((await client.get('/constant')).status).toBe(200);
    }
    for (const client of spinning) client.reset();
  });

  test('is given when the request comes in pieces', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, maxInFlight: 1 }, stage);
    const holders = await fill(server, stage, 1);
    using client = await RawClient.connect(server.port);
    await client.sendSegment('GET /constant HTTP/1.1\r\n');
    await until('the first piece waits', () => server.usage.queued === 1);
    await client.sendSegment('Host: test\r\n\r\n');
    expect((await client.next()).status).toBe(200);
    client.halfClose();
    await empty(holders, stage);
    await expectRest(server, 1);
  });
});

describe('a request that would wait for longer than MAX_QUEUE_WAIT_MS', () => {
  test('gets 503 with Retry-After from main, and its handler never runs', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 2, maxInFlight: 1, maxQueueWaitMs: 1_000 }, stage);
    const holders = await fill(server, stage, 2);
    for (const method of ['get', 'post'] as const) {
      using client = await RawClient.connect(server.port);
      const path = `/tell/${method}`;
      client.send(method === 'get' ? getRequest(path) : postRequest(path, 'x'));
      const refusal = await client.next();
      expect(refusal).toMatchObject({ status: 503, headers: { 'retry-after': '1', connection: 'close' } });
      expect(refusal.headers['content-type']).toBe('application/problem+json');
      expect(await client.end()).toHaveLength(0);
      client.halfClose();
    }
    using head = await RawClient.connect(server.port);
    head.send('HEAD /tell/head HTTP/1.1\r\nHost: test\r\n\r\n');
    expect((await head.next(true)).status).toBe(503);
    expect(await head.end()).toHaveLength(0);
    head.halfClose();
    await empty(holders, stage);
    await expectRest(server, 2);
    expect(stage.cues.filter(({ key }) => ['get', 'post', 'head'].includes(key))).toEqual([]);
  });

  test('is served when a place is free again', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, maxInFlight: 1, maxQueueWaitMs: 1_000 }, stage);
    const holders = await fill(server, stage, 1);
    using refused = await RawClient.connect(server.port);
    expect((await refused.get('/thread')).status).toBe(503);
    refused.halfClose();
    await empty(holders, stage);
    let status = 503;
    while (status === 503) {
      using client = await RawClient.connect(server.port);
      ({ status } = await client.get('/thread'));
    }
    expect(status).toBe(200);
    await expectRest(server, 1);
  });

  test('gives its number back although no worker pops it', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, maxInFlight: 1, maxQueueWaitMs: 1_000 }, stage);
    const holders = await fill(server, stage, 1);
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.port)));
    for (const client of clients) client.send(getRequest('/thread'));
    for (const client of clients) {
      expect((await client.next()).status).toBe(503);
      client.halfClose();
    }
    await until('only the holder is left', () => server.usage.connections === 1);
    expect(server.usage.queued).toBe(0);
    await empty(holders, stage);
    await expectRest(server, 1);
  });
});

describe('a client that sends FIN right behind its requests', () => {
  test('is served, although they wait in the queue', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, maxInFlight: 1 }, stage);
    const holders = await fill(server, stage, 1);
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/thread').repeat(2));
    client.halfClose();
    await until('they wait', () => server.usage.queued === 1);
    await untilMainLooked(server);
    await empty(holders, stage);
    expect((await client.final()).status).toBe(200);
    expect((await client.next()).status).toBe(200);
    expect(await client.end()).toHaveLength(0);
    await expectRest(server, 1);
  });
});

describe('a client that leaves while its request waits in the queue', () => {
  test.each(['close', 'halfClose', 'reset'] as const)('by %s: its handler never runs', async (leave) => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, maxInFlight: 1 }, stage);
    const holders = await fill(server, stage, 1);
    using client = await RawClient.connect(server.port);
    client.send(postRequest('/tell/gone', 'x'));
    await until('it waits', () => server.usage.queued === 1);
    await untilMainLooked(server);
    void client[leave]();
    await until('it is not in the queue any more', () => server.usage.queued === 0);
    // A client that has only sent FIN still reads.
    if (leave === 'halfClose') expect((await client.next()).status).toBe(503);
    await empty(holders, stage);
    await expectRest(server, 1);
    expect(stage.count('started', 'gone')).toBe(0);
  });

  test('in the middle of the queue: its handler never runs, and the others are served in order', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, maxInFlight: 1 }, stage);
    const holders = await fill(server, stage, 1);
    const clients = await Promise.all(['a', 'b', 'c'].map(() => RawClient.connect(server.port)));
    const [first, second, third] = clients as [RawClient, RawClient, RawClient];
    for (const [index, client] of clients.entries()) {
      client.send(getRequest(`/tell/${'abc'[index]}`));
      await until('it waits', () => server.usage.queued === index + 1);
    }
    await untilMainLooked(server);
    second.halfClose();
    expect((await second.final()).status).toBe(503);
    await empty(holders, stage);
    expect((await first.final()).status).toBe(200);
    expect((await third.final()).status).toBe(200);
    first.halfClose();
    third.halfClose();
    await expectRest(server, 1);
    const told = stage.cues.map(({ key }) => key).filter((key) => 'abc'.includes(key));
    expect(told).toEqual(['a', 'c']);
  });
});
