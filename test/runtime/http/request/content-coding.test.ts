/** Compressed request content, on routes that take it and on others. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type ApplicationModule, HttpProblem, type Schema } from '../../../../src/runtime/application.ts';
import { type InjectedRequest, openInjected } from '../../../../src/runtime/testing.ts';

const anything: Schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };

const application: ApplicationModule = {
  routes(router) {
    router
      .post('/json', { contentCoding: {} }, (request, response) => response.json(request.json()))
      .post('/schema', { contentCoding: {}, body: anything }, (_request, response, { body }) =>
        response.json(body),
      )
      .post('/length', { contentCoding: { maxBytes: 3_000_000 } }, async (request, response) => {
        const length = request.bytes().length;
        await new Promise((resolve) => setImmediate(resolve));
        response.json({ length, bodyLength: request.bodyLength, last: request.text().at(-1) });
      })
      .post('/small', { contentCoding: { maxBytes: 1000 } }, (request, response) =>
        response.json({ length: request.bytes().length }),
      )
      .group('/private', refuseAll, (group) => {
        group.post('', { contentCoding: {} }, (_request, response) => response.empty());
      })
      .post('/plain', (request, response) => response.json(request.json()));
  },
};

function refuseAll(): void {
  throw new HttpProblem(401, 'Nobody may.');
}

function encoded(target: string, body: Uint8Array, coding: string): InjectedRequest {
  return {
    method: 'POST',
    target,
    body,
    headers: { 'content-encoding': coding, 'content-type': 'application/json' },
  };
}

/** Of two letters without a pattern, so it is compressed to about an eighth. */
function text(length: number): string {
  let state = 1;
  let letters = '';
  for (let index = 0; index < length; index++) {
    state = (state * 48_271) % 2_147_483_647;
    letters += state % 2 === 0 ? 'a' : 'b';
  }
  return letters;
}

describe.each(['wasm', 'js'] as const)('encoded content, with the core "%s"', (core) => {
  test.each([
    ['gzip', gzipSync('{"a":1}')],
    ['GZIP', gzipSync('{"a":1}')],
    ['x-gzip', gzipSync('{"a":1}')],
    ['identity, gzip,', gzipSync('{"a":1}')],
    ['deflate', deflateSync('{"a":1}')],
    ['gzip', Buffer.concat([gzipSync('{"a"'), gzipSync(':1}')])],
    ['identity', Buffer.from('{"a":1}')],
  ])('in %s is decoded where the route says so', async (coding, body) => {
    await using app = await openInjected(application, { core });
    for (const target of ['/json', '/schema']) {
      const answer = await app.inject(encoded(target, body, coding));
      expect([answer.status, answer.text()]).toEqual([200, '{"a":1}']);
    }
    const chunked = await app.inject({
      ...encoded('/json', body, coding),
      headers: {
        'content-encoding': coding,
        'content-type': 'application/json',
        'transfer-encoding': 'chunked',
      },
    });
    expect([chunked.status, chunked.text()]).toEqual([200, '{"a":1}']);
  });

  test('is decoded apart from the event loop where it is large', async () => {
    await using app = await openInjected(application, { core });
    const length = 1_500_000;
    const content = text(length);
    const body = gzipSync(content);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => app.inject(encoded('/length', body, 'gzip'))),
    );
    for (const answer of answers) {
      expect(answer.json()).toEqual({ length, bodyLength: length, last: content.at(-1) });
    }
  });

  test('is 415 with Accept-Encoding elsewhere, and in another coding or in several', async () => {
    await using app = await openInjected(application, { core });
    const gzip = gzipSync('{"a":1}');
    const plain = await app.inject(encoded('/plain', gzip, 'gzip'));
    expect([plain.status, plain.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    const others: [coding: string, body: Uint8Array][] = [
      ['br', brotliCompressSync('{"a":1}')],
      ['gzip, gzip', gzipSync(gzip)],
      ['deflate, gzip', gzipSync(deflateSync('{"a":1}'))],
      ['constructor', gzip],
      ['gzip;q=1', gzip],
    ];
    for (const [coding, body] of others) {
      const answer = await app.inject(encoded('/json', body, coding));
      expect([coding, answer.status, answer.headers.get('accept-encoding')]).toEqual([
        coding,
        415,
        'gzip, deflate',
      ]);
    }
  });

  test.each<[string, string, Uint8Array]>([
    ['that is cut off', 'gzip', gzipSync(text(1000)).subarray(0, -9)],
    ['that is not encoded', 'gzip', Buffer.from('{"a":1}')],
    ['without the frame of zlib', 'deflate', deflateRawSync('{"a":1}')],
    ['with a wrong checksum', 'gzip', Buffer.concat([gzipSync('{"a":1}').subarray(0, -8), Buffer.alloc(8)])],
    ['with something behind it', 'gzip', Buffer.concat([gzipSync('{"a":1}'), Buffer.from('{"a":2}')])],
    ['of a large size that is cut off', 'gzip', gzipSync(text(500_000)).subarray(0, -9)],
    ['of no bytes', 'gzip', new Uint8Array(0)],
  ])('%s is 400', async (_name, coding, body) => {
    await using app = await openInjected(application, { core });
    const answer = await app.inject(encoded('/json', body, coding));
    expect([answer.status, app.errors]).toEqual([400, []]);
  });

  test('that expands beyond the bounds is 413, and is not decoded to its end', async () => {
    await using app = await openInjected(application, { core });
    const bombs: [target: string, body: Uint8Array][] = [
      ['/json', gzipSync(Buffer.alloc(20_000_000))], // 20 MB in 19 KB
      ['/json', gzipSync(Buffer.alloc(900_000))], // within 1 MB, but 1,000 to 1
      ['/json', gzipSync(text(1_100_000))], // 8 to 1, but beyond 1 MB
      ['/small', gzipSync(Buffer.alloc(1001))],
    ];
    for (const [target, body] of bombs) {
      const answer = await app.inject(encoded(target, body, 'gzip'));
      expect([target, body.length, answer.status]).toEqual([target, body.length, 413]);
    }
    expect((await app.inject(encoded('/small', gzipSync(Buffer.alloc(1000)), 'gzip'))).status).toBe(200);
    expect(app.errors).toEqual([]);
  });

  test('is not decoded for those that the middleware refuses', async () => {
    await using app = await openInjected(application, { core });
    const answer = await app.inject(encoded('/private', Buffer.from('no gzip'), 'gzip'));
    expect(answer.status).toBe(401);
  });
});
