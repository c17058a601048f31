/** Forms in the content of requests, good ones and those that try to get in. */
import { describe, expect, test } from 'vitest';
import type { ApplicationModule, FormLimits } from '../../../../src/runtime/application.ts';
import { inject } from '../../../../src/runtime/testing.ts';

const URL_ENCODED = 'application/x-www-form-urlencoded';
const BOUNDARY = '----trial';
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** Answers what it has read. */
function reader(limits?: FormLimits): ApplicationModule {
  return {
    routes(router) {
      router.post('/form', async (request, response) => {
        const entries: unknown[] = [];
        for (const [name, value] of await request.form(limits)) {
          if (typeof value === 'string') entries.push([name, value]);
          else entries.push([name, value.name, value.type, await value.text()]);
        }
        response.json(entries);
      });
    },
  };
}

async function post(
  body: string | Uint8Array | undefined,
  type: string | undefined,
  limits?: FormLimits,
): Promise<{ status: number; json: () => unknown }> {
  const headers: Record<string, string> = {};
  if (type !== undefined) headers['content-type'] = type;
  const answer = await inject(reader(limits), { method: 'POST', target: '/form', headers, body });
  return { status: answer.status, json: () => answer.json() };
}

function part(name: string, value: string, more = ''): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
}

const multipart = (...parts: string[]) => `${parts.join('')}--${BOUNDARY}--\r\n`;

describe('a form', () => {
  test('that is urlencoded has its fields in order', async () => {
    const answer = await post('a=1&b=%C3%A9+x&a=2&__proto__=3&&c', URL_ENCODED);
    expect([answer.status, answer.json()]).toEqual([
      200,
      [
        ['a', '1'],
        ['b', 'é x'],
        ['a', '2'],
        ['__proto__', '3'],
        ['c', ''],
      ],
    ]);
    expect((await post('a=1', `${URL_ENCODED}; charset=UTF-8`)).status).toBe(200);
  });

  test('that is multipart has fields and files', async () => {
    const file = part('file', 'content\r\n--other\r\n', '; filename="../a b.txt"\r\nContent-Type: text/css');
    const answer = await post(multipart(part('a', 'é'), part('a', ''), file), MULTIPART);
    expect([answer.status, answer.json()]).toEqual([
      200,
      [
        ['a', 'é'],
        ['a', ''],
        ['file', '../a b.txt', 'text/css', 'content\r\n--other\r\n'],
      ],
    ]);
  });

  test('is what the client of Node.js sends', async () => {
    const form = new FormData();
    form.set('name', 'a"b\r\nc');
    form.set('file', new File([Buffer.alloc(200_000, 'xyz')], 'ü.bin', { type: 'image/png' }));
    const request = new Request('http://localhost/', { method: 'POST', body: form });
    const type = request.headers.get('content-type') ?? undefined;
    const answer = await post(new Uint8Array(await request.arrayBuffer()), type);
    expect([answer.status, answer.json()]).toEqual([
      200,
      [
        ['name', 'a"b\r\nc'],
        ['file', 'ü.bin', 'image/png', Buffer.alloc(200_000, 'xyz').toString()],
      ],
    ]);
  });

  test('of another media type or charset is 415, and without a body 411', async () => {
    expect((await post('{}', 'application/json')).status).toBe(415);
    expect((await post('a=1', undefined)).status).toBe(415);
    expect((await post('a=1', `${URL_ENCODED}; charset=utf-16`)).status).toBe(415);
    expect((await post('a=1', `${URL_ENCODED}, text/plain`)).status).toBe(415);
    expect((await post('a=1', 'multipart/mixed; boundary=a')).status).toBe(415);
    const raw = await inject(reader(), {
      method: 'POST',
      target: '/form',
      headers: { 'content-length': '0' },
    });
    expect(raw.status).toBe(415);
  });

  test.each<[string, string | Uint8Array, string]>([
    ['an escape that is cut off', 'a=%4', URL_ENCODED],
    ['an escape that is not UTF-8', 'a=%ff', URL_ENCODED],
    ['bytes that are not UTF-8', Uint8Array.of(97, 61, 255), URL_ENCODED],
    ['no boundary', multipart(part('a', '1')), 'multipart/form-data'],
    ['an empty boundary', multipart(part('a', '1')), 'multipart/form-data; boundary=""'],
    ['a boundary that is too long', '--', `multipart/form-data; boundary=${'x'.repeat(71)}`],
    ['a boundary with a line end', '--', 'multipart/form-data; boundary="a\tb"'],
    ['another boundary than announced', multipart(part('a', '1')), 'multipart/form-data; boundary=other'],
    ['no end', part('a', '1'), MULTIPART],
    ['no bytes', '', MULTIPART],
    ['a part without a name', `--${BOUNDARY}\r\nContent-Type: a/b\r\n\r\n1\r\n--${BOUNDARY}--`, MULTIPART],
    [
      'a part that is no form-data',
      `--${BOUNDARY}\r\nContent-Disposition: file; name="a"\r\n\r\n1\r\n--${BOUNDARY}--`,
      MULTIPART,
    ],
    [
      'a quote without end',
      multipart(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a\r\n\r\n1\r\n`),
      MULTIPART,
    ],
    ['a file name with a wrong escape', multipart(part('a', '1', "; filename*=UTF-8''%zz")), MULTIPART],
    ['bare line feeds', multipart(part('a', '1')).replaceAll('\r\n', '\n'), MULTIPART],
    ['the boundary inside of a value', multipart(part('a', `x${BOUNDARY}y`)), MULTIPART],
    [
      'headers without end',
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n${'X: y\r\n'.repeat(100_000)}`,
      MULTIPART,
    ],
    ['a header that is too long', multipart(part('a', '1', `\r\nX: ${'y'.repeat(5000)}`)), MULTIPART],
  ])('with %s is 400', async (_name, body, type) => {
    expect((await post(body, type)).status).toBe(400);
  });

  test('beyond its limits is 413', async () => {
    const file = (content: string) => part('f', content, '; filename="f"');
    const limits = { maxParts: 3, maxFiles: 1, maxFieldBytes: 4, maxFileBytes: 10 };
    const within = multipart(part('a', 'éé'), part('b', ''), file('0123456789'));
    expect((await post(within, MULTIPART, limits)).status).toBe(200);
    expect((await post('a=1&b=2&c=1234', URL_ENCODED, limits)).status).toBe(200);
    const beyond: [body: string, type: string][] = [
      [multipart(part('a', ''), part('b', ''), part('c', ''), part('d', '')), MULTIPART],
      [multipart(part('a', 'ééé')), MULTIPART],
      [multipart(file('01234567890')), MULTIPART],
      [multipart(file(''), file('')), MULTIPART],
      ['a=1&b=2&c=3&d=4', URL_ENCODED],
      ['a=12345', URL_ENCODED],
      ['&&&&', URL_ENCODED],
    ];
    for (const [body, type] of beyond) expect((await post(body, type, limits)).status).toBe(413);
    const named = await post('a/b=12345', URL_ENCODED, limits);
    expect(named.json()).toMatchObject({ errors: [{ path: '/a~1b', message: 'must have 4 bytes at most' }] });
  });

  test('of 100,000 parts is refused before it is parsed', async () => {
    const small = multipart(...Array.from({ length: 13_000 }, () => part('a', '')));
    expect((await post(small, MULTIPART)).status).toBe(413);
    const tiny = `--x\r\n`.repeat(100_000);
    expect((await post(tiny, 'multipart/form-data; boundary=x')).status).toBe(413);
    expect((await post('&'.repeat(1_000_000), URL_ENCODED)).status).toBe(413);
  });

  test('whose parts are encoded or nested is no bomb', async () => {
    const nested = part(
      'a',
      '--in\r\nContent-Disposition: file\r\n\r\nx\r\n--in--',
      '\r\nContent-Type: multipart/mixed; boundary=in',
    );
    const answer = await post(multipart(nested), MULTIPART);
    expect(answer.json()).toEqual([['a', '--in\r\nContent-Disposition: file\r\n\r\nx\r\n--in--']]);
    const base64 = multipart(
      part('a', Buffer.from('abc').toString('base64'), '\r\nContent-Transfer-Encoding: base64'),
    );
    expect((await post(base64, MULTIPART)).json()).toEqual([['a', 'abc']]);
  });

  test('whose content is compressed is 415', async () => {
    const answer = await inject(reader(), {
      method: 'POST',
      target: '/form',
      headers: { 'content-type': URL_ENCODED, 'content-encoding': 'gzip' },
      body: 'a=1',
    });
    expect(answer.status).toBe(415);
  });
});
