/** The end of a server, and the replacement of its workers while it serves. */

import { describe, expect, test } from 'vitest';
import { effort } from '../../support/effort.ts';
import { getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Fifo } from './support/fifo.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

/** The report of `close` when nothing had to be cut off. */
const IN_ORDER = { orderly: true, requests: 0, streams: 0, connections: 0, workers: 0 };

describe('close', () => {
  test('lets pending requests finish, ends idle connections, and reports that nothing was cut off', async () => {
    using stage = new Stage();
    await using server = await startServer({}, stage);
    const { port } = server;
    using idle = await RawClient.connect(port);
    expect((await idle.get('/health')).status).toBe(200);
    using fresh = await RawClient.connect(port);
    using pending = await RawClient.connect(port);
    pending.send(getRequest('/hold/pending') + getRequest('/params/1/2'));
    using unsafe = await RawClient.connect(port);
    unsafe.send(postRequest('/hold/unsafe', ''));
    await stage.cue('started', 'pending');
    await stage.cue('started', 'unsafe');
    const closed = server.close();
    expect(await idle.end()).toHaveLength(0);
    expect(await fresh.end()).toHaveLength(0);
    await expect(RawClient.connect(port)).rejects.toThrow('ECONNREFUSED');
    stage.release('pending');
    stage.release('unsafe');
    expect((await pending.next()).status).toBe(200);
    expect((await unsafe.next()).status).toBe(200);
    // The client had sent this request before the stop. It is answered too, and its response closes the
    // connection.
    const last = await pending.next();
    expect(last.body.toString()).toBe('{"a":"1","b":"2"}');
    expect(last.headers['connection']).toBe('close');
    for (const client of [pending, unsafe]) {
      expect(await client.end()).toHaveLength(0);
      expect(client.error).toBeUndefined();
      client.halfClose();
    }
    expect(await closed).toEqual(IN_ORDER);
    expect(server.usage).toEqual({
      connections: 0,
      inboundBytes: 0,
      outboundBytes: 0,
      queued: 0,
      workers: 0,
    });
  });

  test('finishes large responses to slow readers', async () => {
    await using server = await startServer({ workers: 1 });
    using reader = await RawClient.connect(server.port, { paused: true });
    reader.send(getRequest('/big?bytes=12000000'));
    await until('the response has begun', () => server.usage.inboundBytes > 0);
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
    const closed = server.close();
    await other.end();
    reader.resume();
    expect((await reader.next()).body).toHaveLength(12_000_000);
    await reader.end();
    reader.halfClose();
    expect(await closed).toEqual(IN_ORDER);
  });

  test('cuts off endless streams and stops the application in order', async () => {
    await using server = await startServer({ workers: 2, drainTimeoutMs: 100 });
    using reader = await RawClient.connect(server.port);
    reader.send(getRequest('/stream?chunks=1000000&ms=5'));
    await until('the stream has begun', () => reader.received > 300);
    // An endless stream may be cut off in an orderly stop.
    const closed = server.close();
    expect((await reader.end()).toString()).not.toContain('\r\n0\r\n');
    reader.halfClose();
    expect(await closed).toEqual({ ...IN_ORDER, streams: 1 });
    expect(reader.error).toBeUndefined();
  });

  test('waits for a request that is being received, and answers it', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    await client.sendSegment('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab');
    await until('its beginning is there', () => server.usage.inboundBytes > 0);
    using idle = await RawClient.connect(server.port);
    await idle.get('/health');
    const closed = server.close();
    await idle.end();
    client.send('cde');
    const response = await client.next();
    expect(response.body.toString()).toBe('abcde');
    expect(response.headers['connection']).toBe('close');
    client.halfClose();
    expect(await closed).toEqual(IN_ORDER);
  });

  test('delivers the answer to a client that is still sending, and does not wait for the client to close', async () => {
    await using server = await startServer({ workers: 1, maxBodyBytes: 10 });
    using client = await RawClient.connect(server.port);
    client.pause();
    client.send('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nabc');
    using other = await RawClient.connect(server.port);
    await until('it is answered', () => server.usage.inboundBytes === 0);
    expect((await other.get('/health')).status).toBe(200);
    const closed = server.close();
    client.send('def');
    client.resume();
    expect((await client.next()).status).toBe(413);
    expect(await closed).toEqual(IN_ORDER);
  });

  test('cuts off requests that do not end within SHUTDOWN_TIMEOUT_MS, and reports them', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, shutdownTimeoutMs: 300 }, stage);
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/hold/for-ever'));
    await stage.cue('started', 'for-ever');
    using receiver = await RawClient.connect(server.port);
    receiver.send('GET /health HTTP/1.1\r\nHost: te');
    using reader = await RawClient.connect(server.port, { paused: true });
    reader.send(getRequest('/big?bytes=12000000'));
    await until('all three are there', () => server.usage.inboundBytes === 3 * 2_048);
    await until('the response to the reader has begun', () => server.usage.outboundBytes > 0);
    const report = await server.close();
    expect(report).toEqual({ orderly: false, requests: 2, streams: 1, connections: 3, workers: 1 });
    await client.end();
    expect(server.usage).toEqual({
      connections: 0,
      inboundBytes: 0,
      outboundBytes: 0,
      queued: 0,
      workers: 0,
    });
  });

  test('ends workers that are stuck', async () => {
    await using server = await startServer({ shutdownTimeoutMs: 300, workers: 2 });
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/spin'));
    await until('it runs', () => server.usage.inboundBytes > 0 && server.usage.queued === 0);
    const report = await server.close();
    expect(report).toMatchObject({ orderly: false, requests: 1, streams: 0, connections: 1 });
    expect(report.workers, 'at least the one that is stuck').toBeGreaterThan(0);
    expect(server.usage.workers).toBe(0);
  });

  test('may be called twice, and while a worker is being replaced', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    expect((await client.get('/exit')).status).toBe(500);
    const results = await Promise.all([server.close(), server.close()]);
    expect(results[0]).toBe(results[1]);
    expect(server.usage).toEqual({
      connections: 0,
      inboundBytes: 0,
      outboundBytes: 0,
      queued: 0,
      workers: 0,
    });
  });
});

describe('reload', () => {
  test('under load loses no request and drops no connection', async () => {
    await using server = await startServer({ workers: 3 });
    const paths = ['/thread', '/wait?ms=5', '/params/a/b', '/cpu?ms=1', '/big?bytes=400000'];
    const clients = await Promise.all(Array.from({ length: 24 }, () => RawClient.connect(server.port)));
    let reloading = true;
    const threads = new Set<number>();
    const load = clients.map(async (client, index) => {
      for (let number = index; reloading; number++) {
        const path = paths[number % paths.length] ?? '/';
        client.send(number % 2 === 0 ? getRequest(path) : postRequest('/echo', `${index}-${number}`));
        const response = await client.next();
        if (response.status !== 200) throw new Error(`${path}: ${response.body}`);
        if (number % 2 === 1) expect(response.body.toString()).toBe(`${index}-${number}`);
        else if (path === '/thread') threads.add(JSON.parse(response.body.toString()).thread);
      }
      client.halfClose();
      expect(await client.end()).toHaveLength(0);
    });
    const before = await RawClient.connect(server.port);
    const old = JSON.parse((await before.get('/thread')).body.toString()).thread;
    before.halfClose();
    for (let round = 0; round < effort(2, 20); round++) await server.reload();
    reloading = false;
    await Promise.all(load);
    expect(threads.size).toBeGreaterThan(3);
    using after = await RawClient.connect(server.port);
    expect(JSON.parse((await after.get('/thread')).body.toString()).thread).toBeGreaterThan(old);
    after.halfClose();
    await expectRest(server, 3);
  });

  test('requested again overtakes the one that is under way', async () => {
    await using server = await startServer({ workers: 2 });
    const reloads = await Promise.all([server.reload(), server.reload(), server.reload()]);
    expect(reloads).toEqual([false, false, true]);
    await expectRest(server, 2);
  });

  test('does not wait for a worker that hangs', async () => {
    await using server = await startServer({ workers: 2, handlerTimeoutMs: 500 });
    using fifo = new Fifo();
    using client = await RawClient.connect(server.port);
    client.send(getRequest(`/native/sync/${encodeURIComponent(fifo.path)}`));
    const reloaded = until(
      'it is in the call',
      () => server.usage.queued === 0 && server.usage.inboundBytes > 0,
    ).then(() => server.reload());
    await reloaded;
    // Two fresh threads, and the one that hangs.
    expect(server.threads).toBe(3);
    // If the hanging worker was found stuck during the reload, its replacement may still be starting.
    await until('the pool is complete', () => server.usage.workers === 2);
    client.reset();
    fifo.release();
    await until('the call has returned', () => server.threads === 2);
    await expectRest(server);
  });

  test('begins no endless stream on a worker whose streams were cut off', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, drainTimeoutMs: 100 }, stage);
    using reader = await RawClient.connect(server.port);
    reader.send(getRequest('/stream?chunks=1000000&ms=5'));
    await until('the stream has begun', () => reader.received > 300);
    using late = await RawClient.connect(server.port);
    late.send(getRequest('/hold-stream/late'));
    await stage.cue('started', 'late');
    const reloaded = server.reload();
    await reader.end();
    stage.release('late');
    const response = await late.next();
    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toBe('1');
    await reloaded;
    expect((await late.get('/health')).status).toBe(200);
    late.halfClose();
    reader.halfClose();
    await expectRest(server, 1);
  });

  test('waits for the requests in flight on an old worker', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using client = await RawClient.connect(server.port);
    client.send(postRequest('/hold/one', ''));
    const { thread } = await stage.cue('started', 'one');
    const reloaded = server.reload();
    using other = await RawClient.connect(server.port);
    while (JSON.parse((await other.get('/thread')).body.toString()).thread === thread);
    stage.release('one');
    expect(JSON.parse((await client.next()).body.toString()).thread).toBe(thread);
    await reloaded;
    client.halfClose();
    other.halfClose();
    await expectRest(server, 1);
  });

  test('hands no heavy request to a worker that drains', async () => {
    await using server = await startServer({ workers: 2, environment: { ...process.env, SLOW_STOP: '1' } });
    const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(server.port)));
    let reloading = true;
    const load = clients.map(async (client, index) => {
      for (let number = index; reloading; number++) {
        // The waiting ones keep handlers in flight, so that the heavy ones are given back to look for an idle
        // worker.
        client.send(number % 3 === 0 ? getRequest('/wait?ms=2') : postRequest('/burn', ''));
        expect((await client.next()).status).toBe(200);
      }
      client.halfClose();
    });
    for (let round = 0; round < effort(3, 20); round++) await server.reload();
    reloading = false;
    await Promise.all(load);
    await expectRest(server, 2);
  });

  test('ends even if old workers die meanwhile', async () => {
    await using server = await startServer({ workers: 3 });
    using client = await RawClient.connect(server.port);
    const reloaded = server.reload();
    for (let number = 0; number < 3; number++) expect((await client.get('/exit')).status).toBe(500);
    await reloaded;
    client.halfClose();
    await expectRest(server, 3);
  });
});
