/** The minimal C++ server, which the benchmarks compare with as the physical limit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EpollServer, whyNoEpollServer } from '../../bench/peers/epoll/epoll-server.ts';
import { startServer } from '../runtime/server/support/start.ts';
import { RawClient } from '../support/raw-client.ts';

const REQUEST = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';

describe.runIf(whyNoEpollServer() === null)('the minimal epoll server', () => {
  let server: EpollServer;
  let port: number;

  beforeAll(async () => {
    server = await EpollServer.start(2);
    port = Number(new URL(server.url).port);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('answers with the bytes of this server, but for the time', async () => {
    await using ours = await startServer();
    using its = await RawClient.connect(port);
    using client = await RawClient.connect(ours.port);
    const [theirAnswer, ourAnswer] = await Promise.all([its.get('/health'), client.get('/health')]);
    expect(Object.keys(theirAnswer.headers)).toEqual(Object.keys(ourAnswer.headers));
    expect(Date.parse(theirAnswer.headers['date'] ?? '')).toBeGreaterThan(0);
    const withoutDate = ({ status, headers, body }: typeof ourAnswer) => ({
      status,
      headers: { ...headers, date: '' },
      body: body.toString(),
    });
    expect(withoutDate(theirAnswer)).toEqual(withoutDate(ourAnswer));
  });

  test('answers pipelined requests in order, however many come before the client reads', async () => {
    const count = 20_000;
    using client = await RawClient.connect(port, { paused: true });
    client.send(REQUEST.repeat(count));
    client.resume();
    for (let index = 0; index < count; index += 1) expect((await client.next()).status).toBe(200);
  });

  test('waits for the end of a head that comes byte by byte', async () => {
    using client = await RawClient.connect(port);
    for (const byte of REQUEST) await client.sendSegment(byte);
    expect((await client.next()).body.toString()).toBe('{"status":"ok"}');
  });

  test('answers another path with 404 and closes', async () => {
    using client = await RawClient.connect(port);
    expect((await client.get('/other')).status).toBe(404);
    await client.end();
  });
});
