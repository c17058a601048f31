/** The responses of applications as clients receive them, through worker, ring and socket. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from '../../../src/runtime/server/server.ts';
import { getRequest, RawClient } from '../../support/raw-client.ts';
import { expectRest, startServer } from './support/start.ts';

/** Several times a worker's ring. */
const FILE = randomBytes(5 * 1_048_576 + 17);

describe('responses', () => {
  let server: Server;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'responses-'));
    const file = join(folder, 'big');
    await writeFile(file, FILE);
    server = await startServer({
      app: new URL('./fixtures/responses-app.ts', import.meta.url).href,
      environment: { ...process.env, BIG_FILE: file },
    });
  });

  afterAll(async () => {
    await expectRest(server);
    await server.close();
    await rm(folder, { recursive: true });
  });

  test('server-sent events arrive, and Last-Event-ID resumes them', async () => {
    const response = await fetch(`${server.url}/events`, { headers: { 'last-event-id': '4' } });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(await response.text()).toBe(
      'id: 5\ndata: event 5\n\nid: 6\ndata: event 6\n\nid: 7\ndata: event 7\n\n',
    );
  });

  test.each([
    ['/file', null],
    ['/sized-file', String(FILE.length)],
  ])('%s, larger than the ring, arrives whole for many clients at once', async (path, length) => {
    const digest = createHash('sha256').update(FILE).digest('hex');
    const digests = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const response = await fetch(`${server.url}${path}`);
        expect(response.headers.get('content-length')).toBe(length);
        expect(response.headers.get('transfer-encoding')).toBe(length === null ? 'chunked' : null);
        return createHash('sha256')
          .update(new Uint8Array(await response.arrayBuffer()))
          .digest('hex');
      }),
    );
    expect(new Set(digests)).toEqual(new Set([digest]));
  });

  test('HEAD has the length of a stream whose length is known', async () => {
    using client = await RawClient.connect(server.port);
    client.send('HEAD /sized-file HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.next(true)).headers['content-length']).toBe(String(FILE.length));
    expect((await client.get('/tagged')).body.toString()).toBe('tagged');
  });

  test('an HTTP/1.0 connection persists after a stream whose length is known', async () => {
    using client = await RawClient.connect(server.port);
    for (let count = 0; count < 2; count++) {
      client.send('GET /sized?length=6&piece=abc&piece=def HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      expect((await client.next()).body.toString()).toBe('abcdef');
    }
  });

  test.each([
    ['abcdef', 'length=6&piece=abc&piece=&piece=def&piece='],
    ['h\u00e9', 'length=3&piece=h\u00e9'],
    ['', 'length=0'],
    ['', 'length=0&piece='],
  ])('a stream of as many bytes as were announced is sent: %j', async (content, query) => {
    using client = await RawClient.connect(server.port);
    expect((await client.get(`/sized?${encodeURI(query)}`)).body.toString()).toBe(content);
    expect((await client.get('/tagged')).body.toString()).toBe('tagged');
  });

  test.each([
    ['too short', 'abc', 'length=6&piece=abc'],
    ['without pieces', '', 'length=6'],
    ['too long by a part of a piece', 'abc', 'length=6&piece=abc&piece=defg'],
    ['too long by a piece', 'abc', 'length=6&piece=abc&piece=def&piece=g'],
  ])('a stream that is %s is cut off before the announced length', async (_what, sent, query) => {
    using client = await RawClient.connect(server.port);
    client.send(getRequest(`/sized?${query}`) + getRequest('/tagged'));
    const received = (await client.end()).toString();
    expect(client.error).toBeUndefined();
    expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe(sent);
  });

  test('HEAD of a stream has its head and no body, and the connection goes on', async () => {
    using client = await RawClient.connect(server.port);
    client.send('HEAD /file HTTP/1.1\r\nHost: a\r\n\r\nGET /tagged HTTP/1.1\r\nHost: a\r\n\r\n');
    const head = await client.next(true);
    expect(head.status).toBe(200);
    expect((await client.next()).body.toString()).toBe('tagged');
  });

  test('cookies are read from the request and written to the response, escaped', async () => {
    const response = await fetch(`${server.url}/cookies`, { headers: { cookie: 'a=1; b=%20two' } });
    expect(await response.json()).toEqual({ a: '1', b: ' two' });
    expect(response.headers.getSetCookie()).toEqual(['seen=twice%3B%20really; Path=/; HttpOnly']);
  });

  test('compressible content is sent in gzip to clients that accept it', async () => {
    const plain = await fetch(`${server.url}/text`, { headers: { 'accept-encoding': 'identity' } });
    const zipped = await fetch(`${server.url}/text`, { headers: { 'accept-encoding': 'gzip' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(zipped.headers.get('vary')).toBe('Accept-Encoding');
    expect(await zipped.text()).toBe(await plain.text());
  });

  test('byte ranges are not supported: a client that asks for one gets everything', async () => {
    const response = await fetch(`${server.url}/tagged`, { headers: { range: 'bytes=0-1' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('accept-ranges')).toBeNull();
    expect(response.headers.get('content-range')).toBeNull();
    expect(await response.text()).toBe('tagged');
  });

  test('If-None-Match is answered with 304 and no body', async () => {
    const response = await fetch(`${server.url}/tagged`, { headers: { 'if-none-match': 'W/"1"' } });
    expect(response.status).toBe(304);
    expect(await response.text()).toBe('');
  });

  test.each(['%0d%0aX-Evil:%201', '%0aX-Evil:%201', '%00', '%0d'])(
    'a header value of %s is refused, not sent',
    async (value) => {
      const response = await fetch(`${server.url}/inject?value=${value}`);
      expect(response.status).toBe(500);
      expect(response.headers.get('x-evil')).toBeNull();
      expect(response.headers.get('x-name')).toBeNull();
    },
  );

  test('a stream of values other than strings and Uint8Arrays reveals no memory of the process', async () => {
    const response = await fetch(`${server.url}/views`);
    await expect(response.text()).rejects.toThrow();
  });

  test('a text() whose value is not a string is 500', async () => {
    expect((await fetch(`${server.url}/undefined`)).status).toBe(500);
  });

  test('a stream that breaks ends without its last chunk, so its client can tell', async () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      using client = await RawClient.connect(server.port);
      client.send('GET /breaks HTTP/1.1\r\nHost: a\r\n\r\n');
      const received = (await client.end()).toString();
      expect(client.error, 'a reset could take away what was sent').toBeUndefined();
      expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n5\r\nbegun\r\n$/s);
    }
    const response = await fetch(`${server.url}/breaks`);
    await expect(response.text()).rejects.toThrow();
  });

  test('a stream to an HTTP/1.0 client that breaks ends in a reset, since FIN means complete', async () => {
    using client = await RawClient.connect(server.port);
    client.send('GET /breaks HTTP/1.0\r\n\r\n');
    await client.end();
    expect(client.error).toBe('ECONNRESET');
  });
});
