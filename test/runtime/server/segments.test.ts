/** Requests in every shape that TCP may give them: split anywhere, joined, with bodies of every size. */

import { describe, expect, test } from 'vitest';
import { getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { expectRest, startServer } from './support/start.ts';

const MAX_BODY_BYTES = 100_000;

describe('a request', () => {
  test('may be split at any byte', async () => {
    await using server = await startServer({ workers: 1 });
    const bytes = Buffer.from(`${postRequest('/echo', 'body')}${getRequest('/params/1/2')}`);
    await Promise.all(
      Array.from({ length: bytes.length - 1 }, async (_, index) => {
        using client = await RawClient.connect(server.port);
        await client.sendSegment(bytes.subarray(0, index + 1));
        await new Promise((resolve) => setImmediate(resolve));
        await client.sendSegment(bytes.subarray(index + 1));
        expect((await client.next()).body.toString()).toBe('body');
        expect((await client.next()).body.toString()).toBe('{"a":"1","b":"2"}');
      }),
    );
    await expectRest(server, 1);
  });

  test('may come byte by byte', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    const bytes = Buffer.from(
      'POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n',
    );
    for (const [index] of bytes.entries()) {
      await client.sendSegment(bytes.subarray(index, index + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.next()).body.toString()).toBe('abcde');
  });

  test.each([0, 1, 2_000, 2_047, 2_048, 2_049, 65_535, 65_536, 65_537, MAX_BODY_BYTES])(
    'may have a body of %i bytes, in one segment or many, with another behind it',
    async (length) => {
      await using server = await startServer({ workers: 1, maxBodyBytes: MAX_BODY_BYTES });
      using client = await RawClient.connect(server.port);
      const body = Buffer.alloc(length, 'abcdefg').toString();
      const chunked = `POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n${
        length === 0 ? '' : `${length.toString(16)}\r\n${body}\r\n`
      }0\r\n\r\n`;
      const bytes = Buffer.from(postRequest('/echo', body) + chunked + getRequest('/params/1/2'));
      client.send(bytes);
      for (let start = 0; start < bytes.length; start += 5_003) {
        await client.sendSegment(bytes.subarray(start, start + 5_003));
      }
      for (let round = 0; round < 2; round++) {
        expect((await client.next()).body.toString()).toBe(body);
        expect((await client.next()).body.toString()).toBe(body);
        expect((await client.next()).body.toString()).toBe('{"a":"1","b":"2"}');
      }
      client.halfClose();
      await expectRest(server, 1);
    },
  );

  test.each([
    ['its Content-Length', `Content-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`],
    ['its chunks', `Transfer-Encoding: chunked\r\n\r\n${(MAX_BODY_BYTES + 1).toString(16)}\r\n`],
  ])('above the limit by %s is answered 413 before its body comes, and closed', async (_, rest) => {
    await using server = await startServer({ workers: 1, maxBodyBytes: MAX_BODY_BYTES });
    using client = await RawClient.connect(server.port);
    client.send(`POST /echo HTTP/1.1\r\nHost: test\r\n${rest}`);
    const response = await client.next();
    expect(response.status).toBe(413);
    expect(response.headers['connection']).toBe('close');
    // A client that still sends its body is not reset meanwhile.
    client.send(Buffer.alloc(MAX_BODY_BYTES));
    expect(await client.end()).toHaveLength(0);
    expect(client.error).toBeUndefined();
    client.halfClose();
    await expectRest(server, 1);
  });

  test('with a body that its client never completes is dropped', async () => {
    await using server = await startServer({ workers: 1 });
    const bodies = [10, 5_000, 60_000];
    for (const [index, sent] of [...bodies, ...bodies].entries()) {
      const client = await RawClient.connect(server.port);
      client.send(postRequest('/echo', 'x'.repeat(100_000)).slice(0, -100_000) + 'x'.repeat(sent));
      await until('the server has the bytes', () => server.usage.inboundBytes >= sent);
      if (index < bodies.length) client.reset();
      else client.halfClose();
      await client.end();
      client.socket.destroy();
      await expectRest(server, 1);
    }
  });
});

describe('Expect: 100-continue', () => {
  const head = 'POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n';

  test('is answered with 100 before the body, once', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    for (let round = 0; round < 3; round++) {
      client.send(head);
      expect((await client.next()).status).toBe(100);
      await client.sendSegment('bo');
      await new Promise((resolve) => setImmediate(resolve));
      client.send('dy');
      expect((await client.next()).body.toString()).toBe('body');
    }
  });

  test('is not answered with 100 when the body came along', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send(`${head}body${getRequest('/params/1/2')}`);
    const response = await client.next();
    expect([response.status, response.body.toString()]).toEqual([200, 'body']);
    expect((await client.next()).body.toString()).toBe('{"a":"1","b":"2"}');
  });

  test('comes after the answers to requests before it', async () => {
    await using server = await startServer({ workers: 1 });
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/wait?ms=10') + getRequest('/params/1/2') + head);
    expect((await client.next()).status).toBe(200);
    expect((await client.next()).body.toString()).toBe('{"a":"1","b":"2"}');
    expect((await client.next()).status).toBe(100);
    client.send('body');
    expect((await client.next()).body.toString()).toBe('body');
  });
});

describe('Expect: 100-continue', () => {
  test.each([
    ['PUT /nowhere', 404],
    ['PUT /health', 405],
  ])(
    'on a request that no route takes (%s) is answered with the final status, without 100',
    async (target, status) => {
      await using server = await startServer({ workers: 1 });
      using client = await RawClient.connect(server.port);
      client.send(`${target} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
      const response = await client.next();
      expect(response.status).toBe(status);
      expect(response.headers['connection']).toBe('close');
      expect(response.headers['allow']).toBe(status === 405 ? 'GET, HEAD, OPTIONS' : undefined);
      // A client that sends it anyway does no harm.
      client.send('abcde');
      expect(await client.end()).toHaveLength(0);
      client.halfClose();
      await expectRest(server, 1);
    },
  );
});
