/** Clients and handlers that take too long, with short settings. */

import { describe, expect, test } from 'vitest';
import { effort } from '../../support/effort.ts';
import { getRequest, postRequest, RawClient, type RawResponse } from '../../support/raw-client.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

async function expectTimeout(client: RawClient, status: number): Promise<void> {
  const response = await client.next();
  expect(response.status).toBe(status);
  expect(response.headers['connection']).toBe('close');
  expect(await client.end()).toHaveLength(0);
}

function threadOf(response: RawResponse): number {
  expect(response.status).toBe(200);
  return JSON.parse(response.body.toString()).thread;
}

describe('a client that', () => {
  test('does not complete its head is answered 408', async () => {
    await using server = await startServer({ workers: 1, headersTimeoutMs: 150 });
    using client = await RawClient.connect(server.port);
    client.send('GET /health HTTP/1.1\r\nHost');
    await expectTimeout(client, 408);
    client.halfClose();
    await expectRest(server, 1);
  });

  test('sends its head byte by byte gets no more time', async () => {
    await using server = await startServer({ workers: 1, headersTimeoutMs: 250 });
    using client = await RawClient.connect(server.port);
    client.send('GET /health HTTP/1.1\r\nX: ');
    const drip = setInterval(() => client.send('x'), 5);
    await expectTimeout(client, 408).finally(() => clearInterval(drip));
  });

  test('does not complete its body is answered 408, later than a head would be', async () => {
    await using server = await startServer({ workers: 1, headersTimeoutMs: 100, requestTimeoutMs: 600 });
    using head = await RawClient.connect(server.port);
    using body = await RawClient.connect(server.port);
    const order: string[] = [];
    body.send('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc');
    head.send('POST /echo HTTP/1.1\r\n');
    await Promise.all([
      expectTimeout(body, 408).then(() => order.push('body')),
      expectTimeout(head, 408).then(() => order.push('head')),
    ]);
    expect(order).toEqual(['head', 'body']);
  });

  test('sends nothing after its request is closed without an answer', async () => {
    await using server = await startServer({ workers: 1, keepAliveTimeoutMs: 150 });
    using client = await RawClient.connect(server.port);
    expect((await client.get('/health')).status).toBe(200);
    expect(await client.end()).toHaveLength(0);
    client.halfClose();
    await expectRest(server, 1);
  });

  test('never sends anything is closed', async () => {
    await using server = await startServer({ workers: 1, headersTimeoutMs: 150 });
    using client = await RawClient.connect(server.port);
    expect(await client.end()).toHaveLength(0);
    client.halfClose();
    await expectRest(server, 1);
  });

  test('does not close after the server has closed is reset in the end', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/health', 'Connection: close\r\n'));
    expect((await client.next()).status).toBe(200);
    expect(await client.end()).toHaveLength(0);
    await expectRest(server, 1);
  });
});

describe('a client that sends empty lines after its body', () => {
  test('gets no 408, and has the time of an idle connection', async () => {
    await using server = await startServer({ workers: 1, headersTimeoutMs: 100, keepAliveTimeoutMs: 700 });
    using client = await RawClient.connect(server.port);
    using other = await RawClient.connect(server.port);
    client.send(`${postRequest('/echo', 'x')}\r\n`);
    expect((await client.next()).status).toBe(200);
    // Later than the first client, this one begins a request and does not go on.
    other.send('GET / HTTP/1.1\r\n');
    await expectTimeout(other, 408);
    expect((await client.get('/health')).status).toBe(200);
    client.send('\r\n\r\n');
    expect(await client.end()).toHaveLength(0);
    client.halfClose();
    other.halfClose();
    await expectRest(server, 1);
  });
});

describe('a handler that is asynchronous and too slow', () => {
  test('is answered with 504 and aborted, and its connection and its worker go on', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, handlerTimeoutMs: 1_000 }, stage);
    using client = await RawClient.connect(server.port);
    const thread = threadOf(await client.get('/thread'));
    client.send(getRequest('/hold/slow') + getRequest('/thread'));
    expect((await client.next()).status).toBe(504);
    expect((await stage.cue('aborted', 'slow')).reason).toBe('TimeoutError');
    expect(threadOf(await client.next())).toBe(thread);
    // Nobody sees the result of the late handler.
    stage.release('slow');
    expect(threadOf(await client.get('/thread'))).toBe(thread);
    client.halfClose();
    expect(await client.end()).toHaveLength(0);
    await expectRest(server, 1);
  });

  test('does not delay other requests', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, handlerTimeoutMs: 1_000 }, stage);
    const slow = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.port)));
    for (const [index, client] of slow.entries()) client.send(getRequest(`/hold/${index}`));
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
    for (const client of slow) expect((await client.next()).status).toBe(504);
    for (const [index, client] of slow.entries()) {
      stage.release(`${index}`);
      client.halfClose();
    }
    other.halfClose();
    await expectRest(server, 1);
  });

  test('and never settles, again and again, has its worker replaced', async () => {
    using stage = new Stage();
    await using server = await startServer(
      { workers: 1, handlerTimeoutMs: 500, maxInFlight: 4, drainTimeoutMs: 50 },
      stage,
    );
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(server.port)));
    for (const [index, client] of clients.entries()) client.send(getRequest(`/hang/${index}`));
    for (const client of clients) expect((await client.next()).status).toBe(504);
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
    for (const client of clients) client.halfClose();
    other.halfClose();
    await expectRest(server, 1);
  });
});

describe('a handler that never returns to the event loop', () => {
  test.each(['/spin', '/block?ms=600000'])('(%s) is answered 504 and its worker replaced', async (path) => {
    await using server = await startServer({ workers: 1, handlerTimeoutMs: 800 });
    using client = await RawClient.connect(server.port);
    using other = await RawClient.connect(server.port);
    const thread = threadOf(await client.get('/thread'));
    client.send(getRequest('/params/1/1') + getRequest(path) + getRequest('/thread'));
    expect((await client.next()).body.toString()).toBe('{"a":"1","b":"1"}');
    const response = await client.next();
    expect(response.status).toBe(504);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(threadOf(await client.next())).not.toBe(thread);
    expect((await other.get('/health')).status).toBe(200);
    client.halfClose();
    other.halfClose();
    await expectRest(server, 1);
  });

  test('delays bystanders on its worker, which are answered with 504 and not run again', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, handlerTimeoutMs: 1_000 }, stage);
    using bystander = await RawClient.connect(server.port);
    using client = await RawClient.connect(server.port);
    bystander.send(getRequest('/hold/bystander'));
    await stage.cue('started', 'bystander');
    client.send(getRequest('/spin'));
    expect((await client.next()).status).toBe(504);
    expect((await bystander.next()).status).toBe(504);
    expect((await bystander.get('/health')).status).toBe(200);
    expect(stage.count('started', 'bystander')).toBe(1);
  });

  test('after an await is not run again on the next worker', async () => {
    await using server = await startServer({ workers: 1, handlerTimeoutMs: 800 });
    using client = await RawClient.connect(server.port);
    const thread = threadOf(await client.get('/thread'));
    client.send(getRequest('/spin/later'));
    expect((await client.next()).status).toBe(504);
    const next = threadOf(await client.get('/thread'));
    expect(next).not.toBe(thread);
    expect(threadOf(await client.get('/thread'))).toBe(next);
  });

  test('or returns at the very moment when it is given up is answered once', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 2, handlerTimeoutMs: 80 }, stage);
    const rounds = effort(8, 96);
    for (let round = 0; round < rounds; round++) {
      using client = await RawClient.connect(server.port);
      client.send(
        postRequest(`/tell/before-${round}`, '') +
          getRequest(`/cpu?ms=${80 + Math.floor((round * 48) / rounds)}`) +
          postRequest(`/tell/after-${round}`, ''),
      );
      client.halfClose();
      // The client may lose its connection, but it gets its answers in order and only once.
      const bytes = (await client.end()).toString('latin1');
      const all = [...bytes.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
      // An interim response shows whether a client that has sent FIN is still there.
      const statuses = all.filter((status) => status !== '100');
      // The 504 may be for any of them.
      for (const status of statuses) expect(['200', '504']).toContain(status);
      expect(statuses.length).toBeLessThanOrEqual(3);
      for (const key of [`before-${round}`, `after-${round}`]) {
        expect(stage.count('started', key)).toBeLessThanOrEqual(1);
      }
    }
    await expectRest(server, 2);
  });
});
