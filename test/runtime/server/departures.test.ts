/** Clients that go away, in order or not, at every moment of their request. */

import { describe, expect, test } from 'vitest';
import { getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Stage } from './support/stage.ts';
import { expectRest, startServer } from './support/start.ts';

describe('a client that sends FIN', () => {
  test('gets all pending answers, then FIN', async () => {
    using stage = new Stage();
    await using server = await startServer({}, stage);
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/params/1/1') + getRequest('/hold/two') + getRequest('/params/3/3'));
    client.halfClose();
    await stage.cue('started', 'two');
    expect((await client.final()).body.toString()).toBe('{"a":"1","b":"1"}');
    expect(stage.count('aborted', 'two')).toBe(0);
    stage.release('two');
    expect((await client.final()).status).toBe(200);
    expect((await client.final()).body.toString()).toBe('{"a":"3","b":"3"}');
    expect(await client.end()).toHaveLength(0);
    expect(client.error).toBeUndefined();
    await expectRest(server);
  });

  test('gets a large answer whole', async () => {
    await using server = await startServer();
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/big?bytes=9000000') + getRequest('/stream?chunks=20&ms=1'));
    client.halfClose();
    expect((await client.final()).body).toHaveLength(9_000_000);
    expect((await client.final()).body.toString()).toContain('piece 20\n');
    expect(await client.end()).toHaveLength(0);
    await expectRest(server);
  });

  test('before its request is complete gets 400, even if a worker has already seen the request', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab');
    await until('its beginning is there', () => server.usage.inboundBytes > 0 && server.usage.queued === 0);
    using other = await RawClient.connect(server.port);
    // The only worker answers this after it has looked at that.
    expect((await other.get('/health')).status).toBe(200);
    client.halfClose();
    expect((await client.next()).status).toBe(400);
    expect(await client.end()).toHaveLength(0);
    other.halfClose();
    await expectRest(server, 1);
  });

  test('after empty lines that follow its last request gets FIN', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send(`${postRequest('/echo', 'x')}\r\n`);
    expect((await client.next()).status).toBe(200);
    client.halfClose();
    expect(await client.end()).toHaveLength(0);
    await expectRest(server, 1);
  });

  test('without a request gets FIN', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.halfClose();
    expect(await client.end()).toHaveLength(0);
    await expectRest(server, 1);
  });
});

describe('a client that closes, which sends FIN alone at first,', () => {
  test('has request.signal aborted while its handler waits', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    const client = await RawClient.connect(server.port);
    client.send(getRequest('/hold/one'));
    await stage.cue('started', 'one');
    await client.close();
    expect((await stage.cue('aborted', 'one')).reason).toBe('AbortError');
    stage.release('one');
    await expectRest(server, 1);
  });

  test('ends its stream of events at once', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    const client = await RawClient.connect(server.port);
    client.send(getRequest('/events/one'));
    await until('the stream has begun', () => client.received > 0);
    await client.close();
    // The next comment of a silent stream would come only after 15 seconds.
    await stage.cue('aborted', 'one');
    await expectRest(server, 1);
  });

  test('and one that only half-closes is sent an interim response, a comment, and all that it waits for', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using waiting = await RawClient.connect(server.port);
    waiting.send(getRequest('/hold/one'));
    waiting.halfClose();
    for (let probe = 0; probe < 2; probe++) expect((await waiting.next()).status).toBe(100);
    expect(stage.count('aborted', 'one')).toBe(0);
    stage.release('one');
    expect((await waiting.final()).status).toBe(200);
    expect(await waiting.end()).toHaveLength(0);

    using listening = await RawClient.connect(server.port);
    listening.send(getRequest('/events/two'));
    await until('the stream has begun', () => listening.received > 0);
    const before = listening.received;
    listening.halfClose();
    await until('a comment has come', () => listening.received > before);
    expect(stage.count('aborted', 'two')).toBe(0);
    listening.reset();
    await expectRest(server, 1);
  });

  test('an HTTP/1.0 client is sent no interim response', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1, keepAliveTimeoutMs: 40 }, stage);
    using waiting = await RawClient.connect(server.port);
    waiting.send('GET /hold/one HTTP/1.0\r\n\r\n');
    waiting.halfClose();
    await stage.cue('started', 'one');
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
    // Its end shows that deadlines were looked at.
    await other.end();
    stage.release('one');
    expect((await waiting.next()).status).toBe(200);
  });
});

test('a client that uploads slowly after a refusal gets to read it', async () => {
  await using server = await startServer({ workers: 1, maxBodyBytes: 1_000 });
  using client = await RawClient.connect(server.port, { paused: true });
  client.send('POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n');
  // Longer than a client that sends nothing has, and longer than a sweep takes to see that.
  const end = performance.now() + 3_500;
  while (performance.now() < end) {
    await client.sendSegment('x'.repeat(100));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(client.error).toBeUndefined();
  client.resume();
  expect((await client.next()).status).toBe(413);
});

describe('a client that resets its connection', () => {
  test('while its handler runs has request.signal aborted, and gives everything back', async () => {
    using stage = new Stage();
    await using server = await startServer({}, stage);
    const client = await RawClient.connect(server.port);
    client.send(getRequest('/hold/one') + getRequest('/tell/two'));
    await stage.cue('started', 'one');
    client.reset();
    expect((await stage.cue('aborted', 'one')).reason).toBe('AbortError');
    // The number is in use until the handler has let go of it.
    expect(server.usage.connections).toBe(1);
    stage.release('one');
    await expectRest(server);
    expect(stage.count('started', 'two')).toBe(0);
  });

  test('while a handler runs that ignores its signal gives everything back when it is done', async () => {
    await using server = await startServer({ workers: 1 });
    using other = await RawClient.connect(server.port);
    const client = await RawClient.connect(server.port);
    client.send(getRequest('/cpu?ms=50'));
    await until('the request has come', () => server.usage.inboundBytes > 0);
    client.reset();
    expect((await other.get('/health')).status).toBe(200);
    other.halfClose();
    await expectRest(server, 1);
  });

  test('while its request is queued is not served', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using busy = await RawClient.connect(server.port);
    const clients = await Promise.all(Array.from({ length: 32 }, () => RawClient.connect(server.port)));
    busy.send(getRequest('/cpu?ms=400'));
    await until('the worker has it', () => server.usage.queued === 0 && server.usage.inboundBytes > 0);
    for (const [index, client] of clients.entries()) client.send(postRequest(`/tell/${index}`, ''));
    await until('they wait in the queue', () => server.usage.queued === clients.length);
    for (const [index, client] of clients.entries()) if (index % 2 === 0) client.reset();
    expect((await busy.next()).status).toBe(200);
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) continue;
      expect(JSON.parse((await client.next()).body.toString()).key).toBe(`${index}`);
      client.halfClose();
    }
    busy.halfClose();
    await expectRest(server, 1);
    expect(stage.cues.map(({ key }) => Number(key) % 2)).toEqual(new Array(16).fill(1));
  });

  test('at any moment, hundreds of times, disturbs no other client', async () => {
    await using server = await startServer({ workers: 3 });
    using steady = await RawClient.connect(server.port);
    const paths = ['/wait?ms=3', '/params/a/b', '/big?bytes=300000', '/cpu?ms=1', '/stream?chunks=9&ms=1'];
    let unsettled = 400;
    const departures = Array.from({ length: unsettled }, async (_, index) => {
      const client = await RawClient.connect(server.port);
      const requests = Array.from({ length: 1 + (index % 4) }, (_, number) =>
        getRequest(paths[(index + number) % paths.length] ?? '/'),
      ).join('');
      await client.sendSegment(requests.slice(0, index % 5 === 0 ? -3 : undefined));
      for (let turn = index % 7; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
      if (index % 3 === 0) client.socket.destroy();
      else client.reset();
      unsettled--;
    });
    for (let number = 0; unsettled > 0; number++) {
      expect((await steady.get(`/params/s/${number}`)).body.toString()).toBe(`{"a":"s","b":"${number}"}`);
    }
    await Promise.all(departures);
    steady.halfClose();
    await expectRest(server, 3);
  });
});
