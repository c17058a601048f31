/** Handlers that fail in every way: each costs itself an error at most, never another client anything. */

import { describe, expect, test } from 'vitest';
import { getRequest, postRequest, RawClient, type RawResponse } from '../support/raw-client.ts';
import { until } from '../support/until.ts';
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

  test('ends its worker after HEAD and with Connection: close is answered as these ask', async () => {
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

  test('throws after its answer has its worker replaced, and bystanders are answered by the old one', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using bystander = await RawClient.connect(server.port);
    bystander.send(postRequest('/hold/bystander', ''));
    const { thread } = await stage.cue('started', 'bystander');
    using client = await RawClient.connect(server.port);
    expect((await client.get('/late')).status).toBe(200);
    await until('the worker is replaced', () => server.usage.workers === 0);
    expect(threadOf(await client.get('/thread'))).not.toBe(thread);
    stage.release('bystander');
    expect(threadOf(await bystander.next())).toBe(thread);
  });
});

describe('bystanders of a worker that dies', () => {
  test('are run again where that is safe, and answered 500 where it is not', async () => {
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

  test('are run again once only', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using bystander = await RawClient.connect(server.port);
    using killer = await RawClient.connect(server.port);
    bystander.send(getRequest('/hold/bystander'));
    await stage.cue('started', 'bystander');
    expectProblem(await killer.get('/exit'), 500);
    await until('the request is run again', () => stage.count('started', 'bystander') === 2);
    expectProblem(await killer.get('/exit'), 500);
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

  test('lose their connection where a part of the response was sent', async () => {
    await using server = await startServer({ workers: 1 });
    using reader = await RawClient.connect(server.port);
    using killer = await RawClient.connect(server.port);
    reader.send(getRequest('/stream?chunks=100000&ms=20'));
    await until('the stream has begun', () => reader.received > 300);
    expectProblem(await killer.get('/exit'), 500);
    expect((await reader.end()).toString()).not.toContain('\r\n0\r\n');
    killer.halfClose();
    await expectRest(server, 1);
  });
});
