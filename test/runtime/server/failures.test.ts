/** Handlers that fail in every way. A failure costs at most its own request, and affects no other client. */

import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { SILENT_LOGGER } from '../../../src/runtime/server/runtime-logger.ts';
import { getRequest, postRequest, RawClient, type RawResponse } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Fifo } from './support/fifo.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

const PROBLEM = 'application/problem+json';

function expectProblem(response: RawResponse, status: number): void {
  expect(response.status).toBe(status);
  expect(response.headers['content-type']).toBe(PROBLEM);
  expect(JSON.parse(response.body.toString())).toMatchObject({ status });
}

function threadOf(response: RawResponse): unknown {
  return JSON.parse(response.body.toString()).thread;
}

describe('a handler that', () => {
  test.each(['/throw', '/reject'])(
    'fails (%s) is answered 500, and its worker and connection go on',
    async (path) => {
      await using server = await startServer({ workers: 1 });
      using client = await RawClient.connect(server.port);
      const thread = threadOf(await client.get('/thread'));
      const response = await client.get(path);
      expectProblem(response, 500);
      expect(response.body.toString()).not.toContain('asked to');
      expect(threadOf(await client.get('/thread'))).toBe(thread);
    },
  );

  test('ends its worker is answered 500, and its connection goes on with another worker', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    const thread = threadOf(await client.get('/thread'));
    expectProblem(await client.get('/exit'), 500);
    expect(threadOf(await client.get('/thread'))).not.toBe(thread);
    client.halfClose();
    await expectRest(server, 1);
  });

  test('ends its worker costs neither the answers before it nor those after it', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/params/1/1') + getRequest('/exit') + getRequest('/params/2/2'));
    expect((await client.next()).body.toString()).toBe('{"a":"1","b":"1"}');
    expectProblem(await client.next(), 500);
    expect((await client.next()).body.toString()).toBe('{"a":"2","b":"2"}');
  });

  test('ends its worker, as the last request of an otherwise idle server, is answered', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send(postRequest('/echo', 'before') + getRequest('/exit'));
    expect((await client.next()).body.toString()).toBe('before');
    expectProblem(await client.next(), 500);
  });

  test('ends its worker after HEAD and with Connection: close is answered without content, and the connection closes', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send('HEAD /exit HTTP/1.1\r\nHost: test\r\n\r\n');
    const head = await client.next(true);
    expect(head.status).toBe(500);
    client.send(getRequest('/exit', 'Connection: close\r\n'));
    const last = await client.next();
    expectProblem(last, 500);
    expect(last.headers['connection']).toBe('close');
    expect(await client.end()).toHaveLength(0);
  });

  test.each(['/big?bytes=600000', '/stream?chunks=3&ms=1'])(
    'ends its worker after a response that was sent in pieces (%s) is still answered with 500',
    async (path) => {
      await using server = await startServer({ workers: 1 });
      using client = await RawClient.connect(server.port);
      expect((await client.get(path)).status).toBe(200);
      expectProblem(await client.get('/exit'), 500);
      client.send(getRequest(path) + getRequest('/exit') + getRequest('/params/1/2'));
      expect((await client.next()).status).toBe(200);
      expectProblem(await client.next(), 500);
      expect((await client.next()).status).toBe(200);
    },
  );

  test('runs for ever although its route was quick before does not hold back earlier answers', async () => {
    await using server = await startServer({ workers: 1, shutdownTimeoutMs: 500 });
    using other = await RawClient.connect(server.port);
    using client = await RawClient.connect(server.port);
    for (let number = 0; number < 64; number++) {
      await client.get('/cpu?ms=0');
      await other.get('/health');
    }
    client.socket.cork();
    client.send(getRequest('/params/1/2') + getRequest('/cpu?ms=600000'));
    other.send(getRequest('/health'));
    client.socket.uncork();
    // The second handler ends with its worker only, when the test is over.
    expect((await other.next()).status).toBe(200);
    await until('the handler runs', () => server.usage.queued === 0);
  });

  test('throws after its answer has its worker replaced, which still answers bystanders', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using bystander = await RawClient.connect(server.port);
    bystander.send(postRequest('/hold/bystander', ''));
    const { thread } = await stage.cue('started', 'bystander');
    using client = await RawClient.connect(server.port);
    expect((await client.get('/late')).status).toBe(200);
    // It serves until its replacement does.
    while (threadOf(await client.get('/thread')) === thread);
    stage.release('bystander');
    expect(threadOf(await bystander.next())).toBe(thread);
  });
});

describe('bystanders of a worker that dies', () => {
  test('are run again if that is safe, and answered with 500 if it is not', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using safe = await RawClient.connect(server.port);
    using unsafe = await RawClient.connect(server.port);
    using killer = await RawClient.connect(server.port);
    safe.send(getRequest('/hold/safe'));
    unsafe.send(postRequest('/hold/unsafe', ''));
    const { thread } = await stage.cue('started', 'safe');
    await stage.cue('started', 'unsafe');
    expectProblem(await killer.get('/exit'), 500);
    expectProblem(await unsafe.next(), 500);
    await until('the request is run again', () => stage.count('started', 'safe') === 2);
    stage.release('safe');
    const response = await safe.next();
    expect(response.status).toBe(200);
    expect(threadOf(response)).not.toBe(thread);
    expect(stage.count('started', 'unsafe')).toBe(1);
  });

  test('are run again only once if they may have killed it themselves', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using bystander = await RawClient.connect(server.port);
    using killer = await RawClient.connect(server.port);
    bystander.send(getRequest('/hold/bystander'));
    await stage.cue('started', 'bystander');
    // It ends its worker after its first wait, so nobody knows which of the two has done it. It runs twice
    // too.
    expectProblem(await killer.get('/die/1'), 500);
    expectProblem(await bystander.next(), 500);
    expect(stage.count('started', 'bystander')).toBe(2);
  });

  test('keep the responses that were sent before, in order', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using bystander = await RawClient.connect(server.port);
    using killer = await RawClient.connect(server.port);
    bystander.send(
      getRequest('/params/1/1') +
        postRequest('/echo', 'two') +
        getRequest('/hold/three') +
        getRequest('/params/4/4'),
    );
    await stage.cue('started', 'three');
    expectProblem(await killer.get('/exit'), 500);
    await until('the request is run again', () => stage.count('started', 'three') === 2);
    stage.release('three');
    const bodies = [
      await bystander.next(),
      await bystander.next(),
      await bystander.next(),
      await bystander.next(),
    ];
    expect(bodies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(bodies[1]?.body.toString()).toBe('two');
    expect(bodies[3]?.body.toString()).toBe('{"a":"4","b":"4"}');
  });

  test('lose their connection if a part of the response was sent', async () => {
    await using server = await startServer({ workers: 1 });
    using reader = await RawClient.connect(server.port);
    using killer = await RawClient.connect(server.port);
    reader.send(getRequest('/stream?chunks=100000&ms=20'));
    await until('the stream has begun', () => reader.received > 300);
    expectProblem(await killer.get('/exit'), 500);
    expect((await reader.end()).toString()).not.toContain('\r\n0\r\n');
    reader.halfClose();
    killer.halfClose();
    await expectRest(server, 1);
  });
});

describe('a whole pool that', () => {
  test('fails at once serves on until it is replaced', async () => {
    using stage = new Stage();
    const hopeless: string[] = [];
    let failures = 0;
    const logger = { ...SILENT_LOGGER, error: () => failures++ };
    await using server = await startServer(
      { workers: 8, logger, onHopeless: (why) => hopeless.push(why) },
      stage,
    );
    using holder = await RawClient.connect(server.port);
    holder.send(postRequest('/hold/one', ''));
    const { thread } = await stage.cue('started', 'one');
    // Threads that start from now on have a higher number.
    const { threadId: latest } = new Worker('', { eval: true });
    stage.failEverywhere();
    await until('all have failed', () => failures >= 8);
    using client = await RawClient.connect(server.port);
    while (Number(threadOf(await client.get('/thread'))) < latest) {
      const { size, serving } = JSON.parse((await client.get('/pool')).body.toString());
      expect(size).toBe(8);
      expect(serving).toBeGreaterThanOrEqual(8);
    }
    await until('one of the old workers is left', () => server.threads === 9 && server.usage.workers === 8);
    expect((await client.get('/pool')).body.toString()).toContain('{"size":8,"serving":8,');
    stage.release('one');
    expect(threadOf(await holder.next())).toBe(thread);
    expect(hopeless).toEqual([]);
  });

  test('is stuck at once is replaced, and each client is answered', async () => {
    const hopeless: string[] = [];
    const errors: string[] = [];
    await using server = await startServer({
      workers: 6,
      handlerTimeoutMs: 1_000,
      onHopeless: (why) => hopeless.push(why),
      logger: { ...SILENT_LOGGER, error: (_details, message) => errors.push(message) },
    });
    const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(server.port)));
    for (const client of clients) client.send(getRequest('/spin'));
    for (const client of clients) expectProblem(await client.next(), 504);
    await until('the pool is complete', () => server.usage.workers === 6);
    for (const client of clients) {
      expect((await client.get('/health')).status).toBe(200);
      client.halfClose();
    }
    expect(hopeless).toEqual([]);
    // Two replacements had to wait until a thread had ended, and none failed because of that.
    expect(errors).toEqual(new Array(6).fill('A worker is stuck in a handler and is ended'));
    await expectRest(server, 6);
  });
});

describe('a worker that hangs in a native call', () => {
  test('has its clients answered before the call returns', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, handlerTimeoutMs: 600 }, stage);
    using fifo = new Fifo();
    using bystander = await RawClient.connect(server.port);
    using client = await RawClient.connect(server.port);
    bystander.send(postRequest('/hold/bystander', ''));
    await stage.cue('started', 'bystander');
    client.send(
      getRequest('/params/1/2') +
        getRequest(`/native/sync/${encodeURIComponent(fifo.path)}`) +
        getRequest('/health'),
    );
    expect((await client.next()).status).toBe(200);
    for (const waiting of [client, bystander]) {
      const response = await waiting.next();
      expectProblem(response, 504);
      expect(response.headers['connection']).toBe('close');
      expect(await waiting.end()).toHaveLength(0);
      waiting.halfClose();
    }
    // Its thread is still there, and another has taken its place.
    expect(server.threads).toBe(2);
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
    other.halfClose();
    fifo.release();
    await until('the call has returned', () => server.threads === 1);
    await expectRest(server, 1);
  });

  test('while it seemed idle gets no further requests', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 2, handlerTimeoutMs: 600 }, stage);
    using fifo = new Fifo();
    using hanging = await RawClient.connect(server.port);
    hanging.send(getRequest(`/native/async/${encodeURIComponent(fifo.path)}`));
    await until('it is given up', () => server.threads === 3);
    await until('the pool is complete', () => server.usage.workers === 2);
    // More handlers than a worker takes while another seems to have fewer.
    const holders = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(server.port)));
    for (const [index, holder] of holders.entries()) holder.send(getRequest(`/hold/${index}`));
    for (const index of holders.keys()) await stage.cue('started', `${index}`);
    using client = await RawClient.connect(server.port);
    expect((await client.get('/health')).status).toBe(200);
    expect(server.threads).toBe(3);
    for (const [index, holder] of holders.entries()) {
      stage.release(`${index}`);
      await holder.next();
      holder.halfClose();
    }
    client.halfClose();
    hanging.halfClose();
    fifo.release();
    await expectRest(server, 2);
  });
});
