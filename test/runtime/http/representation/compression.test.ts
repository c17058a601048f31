import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { prefersGzip } from '../../../../src/runtime/http/representation/accept-encoding.ts';
import { compression } from '../../../../src/runtime/http/representation/compression.ts';
import type { BodyStream } from '../../../../src/runtime/http/response/body-stream.ts';
import { discardBody } from '../../../../src/runtime/http/response/body-stream.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import type { Response } from '../../../../src/runtime/http/response/response.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';
import { fakeRequest } from '../support/fake-request.ts';

const text = 'All work and no play makes a dull server. '.repeat(100);

async function finish(end: (response: Response) => void, acceptEncoding: string | null = 'gzip') {
  const field = acceptEncoding === null ? '' : `Accept-Encoding: ${acceptEncoding}\r\n`;
  const { request } = fakeRequest(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
  const response = new OutgoingResponse(request);
  end(response);
  await compression()(request, response);
  return response;
}

test.each([
  ['gzip', true],
  ['GZIP', true],
  ['x-gzip', true],
  ['*', true],
  ['br, gzip;q=0.5', true],
  ['gzip;q=1.000, identity; q=0.5', true],
  [' gzip ; q=0.001', true],
  ['gzip;q=0.5, identity', false],
  ['gzip;q=0', false],
  ['gzip;q=0.000, *', false],
  ['gzip;q=2', false],
  ['gzip;q=', false],
  ['gzip;x=1', false],
  ['br', false],
  ['', false],
  [undefined, false],
])('Accept-Encoding %s asks for gzip: %s', (header, expected) => {
  expect(prefersGzip(header)).toBe(expected);
});

describe('a compressible body', () => {
  test('a compressible body is sent in gzip to a client that asks for it', async () => {
    for (const end of [
      (one: Response) => one.text(text),
      (one: Response) => one.bytes(Buffer.from(text), 'text/css'),
    ]) {
      const response = await finish(end);
      expect(response.getHeader('Content-Encoding')).toBe('gzip');
      expect(response.getHeader('Vary')).toBe('Accept-Encoding');
      const body = response.body as Uint8Array;
      expect(body.byteLength).toBeLessThan(text.length / 5);
      expect(gunzipSync(body).toString()).toBe(text);
    }
  });

  test('a compressible body is sent uncompressed to other clients, with Vary for caches', async () => {
    const response = await finish((one) => one.json({ text }), null);
    expect(response.getHeader('Content-Encoding')).toBeUndefined();
    expect(response.getHeader('Vary')).toBe('Accept-Encoding');
  });

  test('a compressible body is sent uncompressed if gzip would make it larger', async () => {
    const noise = crypto.getRandomValues(new Uint8Array(2000));
    const response = await finish((one) => one.bytes(noise, 'text/plain'));
    expect(response.body).toBe(noise);
    expect(response.getHeader('Content-Encoding')).toBeUndefined();
  });
});

test.each<[string, (response: Response) => void]>([
  ['is small', (one) => one.text('x'.repeat(1399))],
  ['is empty', (one) => one.empty()],
  ['is an image', (one) => one.bytes(Buffer.from(text), 'image/png')],
  ['is encoded already', (one) => one.header('Content-Encoding', 'br').text(text)],
  ['must not be transformed', (one) => one.header('Cache-Control', 'no-transform').text(text)],
  ['is named byte for byte by a strong ETag', (one) => one.header('ETag', '"1"').text(text)],
  ['is a stream of events', (one) => one.stream((async function* () {})(), 'text/event-stream')],
])('a body that %s is left alone', async (_name, end) => {
  const response = await finish(end);
  expect(response.getHeader('Content-Encoding')).not.toBe('gzip');
  expect(response.getHeader('Vary')).toBeUndefined();
});

describe('a 304', () => {
  /** Text with a tag, as GET answers it. */
  async function ask(
    tag: string,
    fields: string,
    end: (response: Response) => void,
  ): Promise<OutgoingResponse> {
    const router = new Router();
    router.get('/', (_request, response) => end(response.header('ETag', tag)));
    router.finish(compression());
    const raw = `GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n${fields}\r\n`;
    const { request } = fakeRequest(raw, { routeNumber: 0 });
    const response = new OutgoingResponse(request);
    await router.compile(() => {}).run(request, response);
    return response;
  }

  test.each([
    ['W/"1"', 'Accept-Encoding'],
    ['"1"', undefined],
  ])('a 304 for the tag %s has the Vary that 200 has: %s', async (tag, vary) => {
    for (const [fields, status] of [
      ['', 200],
      ['If-None-Match: "1"\r\n', 304],
    ] as const) {
      const response = await ask(tag, fields, (one) => one.text(text));
      expect(response.statusCode).toBe(status);
      expect(response.getHeader('Vary')).toBe(vary);
    }
  });

  test('a 304 compresses nothing, and releases the stream that it replaces', async () => {
    const released = Promise.withResolvers<void>();
    const source = Object.assign((async function* () {})(), {
      [Symbol.asyncDispose]: async () => released.resolve(),
    });
    const response = await ask('W/"1"', 'If-None-Match: *\r\n', (one) => one.stream(source, 'text/plain'));
    expect([...response.headers]).toEqual([
      ['ETag', 'W/"1"'],
      ['Vary', 'Accept-Encoding'],
    ]);
    expect(response.body).toBeNull();
    await released.promise;
  });
});

describe('a stream', () => {
  async function collect(body: BodyStream): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece as Uint8Array);
    return Buffer.concat(pieces);
  }

  test('a stream is compressed piece by piece, and each piece is sent at once', async () => {
    const gate = Promise.withResolvers<void>();
    const response = await finish((one) =>
      one.stream(
        (async function* () {
          yield 'first ';
          await gate.promise;
          yield Buffer.from('second');
        })(),
        'text/plain',
      ),
    );
    expect(response.getHeader('Content-Encoding')).toBe('gzip');
    const pieces = (response.body as BodyStream)[Symbol.asyncIterator]();
    const early: Uint8Array[] = [];
    while (Buffer.concat(early).length <= 10) early.push((await pieces.next()).value as Uint8Array);
    gate.resolve();
    const rest = await collect({ [Symbol.asyncIterator]: () => pieces });
    expect(gunzipSync(Buffer.concat([...early, rest])).toString()).toBe('first second');
  });

  test('a stream of known length loses its length only when it is compressed', async () => {
    const end = (one: Response) => one.stream((async function* () {})(), 'text/plain', { length: 3 });
    expect((await finish(end)).streamLength).toBeNull();
    expect((await finish(end, null)).streamLength).toBe(3);
  });

  test('a compressed stream fails if its source fails', async () => {
    const response = await finish((one) =>
      one.stream(
        (async function* () {
          yield 'x';
          throw new Error('source');
        })(),
        'text/plain',
      ),
    );
    await expect(collect(response.body as BodyStream)).rejects.toThrow('source');
  });

  test('a stream is closed when its reader stops, and released if nobody reads it', async () => {
    const closed = Promise.withResolvers<void>();
    const source = async function* () {
      try {
        for (;;) yield text;
      } finally {
        closed.resolve();
      }
    };
    const read = await finish((one) => one.stream(source(), 'text/plain'));
    for await (const _piece of read.body as BodyStream) break;
    await closed.promise;

    let disposed = false;
    const unread = await finish((one) =>
      one.stream(
        Object.assign(source(), {
          [Symbol.asyncDispose]: async () => {
            disposed = true;
          },
        }),
        'text/plain',
      ),
    );
    await discardBody(unread.body);
    expect(disposed).toBe(true);
  });
});
