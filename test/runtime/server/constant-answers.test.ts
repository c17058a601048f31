/** Constant answers, which main gives at once, over real sockets. */

import { describe, expect, test } from 'vitest';
import { getRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { expectRest, startServer } from './support/start.ts';

const APP = new URL('./fixtures/cors-app.ts', import.meta.url).href;

describe('a constant answer', () => {
  test('is given without middleware to plain requests, and by a worker to others', async () => {
    await using server = await startServer({ app: APP });
    using client = await RawClient.connect(server.port);
    const plain = await client.get('/health');
    expect(plain.headers['x-middleware']).toBeUndefined();
    client.send(getRequest('/health', 'If-Match: *\r\n'));
    const conditional = await client.next();
    expect(conditional.headers['x-middleware']).toBe('has seen it');
    expect(conditional.body).toEqual(plain.body);
  });

  test('is the same however the request comes: whole, byte by byte, or between others', async () => {
    await using server = await startServer();
    using client = await RawClient.connect(server.port);
    const withoutDate = ({ headers, ...rest }: Awaited<ReturnType<RawClient['next']>>) => ({
      ...rest,
      headers: { ...headers, date: '' },
    });
    const whole = withoutDate(await client.get('/constant'));
    expect(whole).toMatchObject({ status: 200, headers: { 'content-length': '15' } });
    for (const byte of getRequest('/constant')) await client.sendSegment(byte);
    expect(withoutDate(await client.next())).toEqual(whole);
    client.send(getRequest('/params/1/2') + getRequest('/constant') + getRequest('/params/3/4'));
    expect((await client.next()).body.toString()).toBe('{"a":"1","b":"2"}');
    expect(withoutDate(await client.next())).toEqual(whole);
    expect((await client.next()).body.toString()).toBe('{"a":"3","b":"4"}');
    client.halfClose();
    await expectRest(server);
  });

  test('keeps its place behind the answers of workers', async () => {
    await using server = await startServer();
    using client = await RawClient.connect(server.port);
    for (let round = 0; round < 50; round += 1) {
      await client.sendSegment(getRequest(`/params/${round}/a`));
      await client.sendSegment(getRequest('/constant'));
      expect((await client.next()).body.toString()).toBe(`{"a":"${round}","b":"a"}`);
      expect((await client.next()).body.toString()).toBe('{"status":"ok"}');
    }
  });

  test('is sent to a client that has closed its side behind the request', async () => {
    await using server = await startServer();
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/constant'));
    client.halfClose();
    expect((await client.next()).status).toBe(200);
    expect(await client.end()).toHaveLength(0);
    await expectRest(server);
  });

  test('does not fill the memory for a client that never reads', async () => {
    await using server = await startServer({ writeTimeoutMs: 1_000 });
    using client = await RawClient.connect(server.port, { paused: true });
    const requests = getRequest('/constant').repeat(32);
    let most = 0;
    // Until it is cut off, as it takes nothing.
    while (!client.socket.destroyed) {
      await client.sendSegment(requests).catch(() => {});
      most = Math.max(most, server.usage.outboundBytes);
    }
    expect(most).toBeLessThan(1_048_576);
    await until('it was cut off', () => server.usage.connections === 0);
  });
});
