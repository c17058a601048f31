/** Order on pipelined connections, while responses are made at very different speeds in different threads. */

import { describe, expect, test } from 'vitest';
import { getRequest, RawClient, type RawResponse } from '../../support/raw-client.ts';
import { expectRest, startServer } from './support/start.ts';

const CONNECTIONS = 64;
const REQUESTS = 60;

/** A request of which the answer can be recognised: by its number, or by the header that it echoes. */
function numberedRequest(connection: number, number: number): string {
  switch ((connection * 7 + number) % 6) {
    case 0:
      return getRequest(`/wait?ms=${(connection + number) % 7}`, `X-Number: ${connection}-${number}\r\n`);
    case 1:
      return getRequest(`/echo?number=${connection}-${number}`, `X-Number: ${connection}-${number}\r\n`);
    case 2:
      return getRequest(`/cpu?ms=${number % 20 === 0 ? 2 : 0}`) + numbered(connection, number);
    default:
      return numbered(connection, number);
  }
}

function numbered(connection: number, number: number): string {
  return getRequest(`/params/${connection}/${number}`);
}

async function expectNumbered(client: RawClient, connection: number, number: number): Promise<void> {
  const kind = (connection * 7 + number) % 6;
  if (kind === 2) expect(jsonOf(await client.next())['worker']).toBeTypeOf('number');
  const json = jsonOf(await client.next());
  if (kind > 1) expect(json).toEqual({ a: `${connection}`, b: `${number}` });
  else expect(json['headers']).toMatchObject({ 'x-number': `${connection}-${number}` });
}

function jsonOf(response: RawResponse): Record<string, unknown> {
  expect(response.status).toBe(200);
  return JSON.parse(response.body.toString());
}

describe('pipelined requests', () => {
  test('are answered in order and to their own client on 64 staggered connections', async () => {
    await using server = await startServer({ workers: 3 });
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => RawClient.connect(server.port)),
    );
    await Promise.all(
      clients.map(async (client, connection) => {
        let sent = 0;
        // Staggered: every connection has another number of requests outstanding.
        const ahead = 1 + (connection % 24);
        const sendUpTo = (count: number) => {
          let requests = '';
          for (; sent < Math.min(count, REQUESTS); sent++) requests += numberedRequest(connection, sent);
          if (requests !== '') client.send(requests);
        };
        sendUpTo(ahead);
        for (let number = 0; number < REQUESTS; number++) {
          await expectNumbered(client, connection, number);
          sendUpTo(number + 1 + ahead);
        }
        client.halfClose();
        expect(await client.end()).toHaveLength(0);
      }),
    );
    await expectRest(server, 3);
  });

  test('that exceed the bound of one turn are all answered', async () => {
    await using server = await startServer();
    using client = await RawClient.connect(server.port);
    const count = 3_000;
    client.send(Array.from({ length: count }, (_, number) => numbered(1, number)).join(''));
    for (let number = 0; number < count; number++) {
      expect(jsonOf(await client.next())).toEqual({ a: '1', b: `${number}` });
    }
    client.halfClose();
    await expectRest(server);
  });

  test('do not let one busy connection hold up another', async () => {
    await using server = await startServer({ workers: 1 });
    using busy = await RawClient.connect(server.port);
    using other = await RawClient.connect(server.port);
    busy.send(Array.from({ length: 2_000 }, (_, number) => numbered(1, number)).join(''));
    await busy.next();
    expect(jsonOf(await other.get('/params/2/0'))).toEqual({ a: '2', b: '0' });
    for (let number = 1; number < 2_000; number++) {
      expect(jsonOf(await busy.next())).toEqual({ a: '1', b: `${number}` });
    }
  });

  test('behind a partial one go on where the partial one ended', async () => {
    // The first request is incomplete at first. The second is for a heavy route, and its worker has a handler
    // in flight. So the connection is given back between the two.
    await using server = await startServer({ workers: 1 });
    using warmUp = await RawClient.connect(server.port);
    for (let number = 0; number < 8; number++) await warmUp.get('/cpu?ms=20');
    using waiting = await RawClient.connect(server.port);
    waiting.send(getRequest('/wait?ms=300'));
    using client = await RawClient.connect(server.port);
    await client.sendSegment(
      'POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\nc',
    );
    // The worker has seen the request, because it answers this one after it.
    await warmUp.get('/params/1/1');
    client.send(`de\r\n0\r\n\r\n${getRequest('/cpu?ms=3')}`);
    expect((await client.next()).body.toString()).toBe('abcde');
    expect(jsonOf(await client.next())['ms']).toBe(3);
    expect(jsonOf(await client.get('/params/3/3'))).toEqual({ a: '3', b: '3' });
    expect((await waiting.next()).status).toBe(200);
  });
});
