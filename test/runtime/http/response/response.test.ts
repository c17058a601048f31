import { describe, expect, test } from 'vitest';
import { ResponseError } from '../../../../src/runtime/http/application-errors.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';

function response(): OutgoingResponse {
  return new OutgoingResponse({ path: '/here', routeName: 'GET /here' });
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ResponseError) return error.code;
    throw error;
  }
  throw new Error('expected a ResponseError');
}

describe('the methods that end a response', () => {
  test('a response gets a body and its content type from the method that ends it', () => {
    const cases: [(one: OutgoingResponse) => void, unknown, string | null][] = [
      [(one) => one.json({ a: 1 }), '{"a":1}', 'application/json'],
      [(one) => one.rawJson('[]'), '[]', 'application/json'],
      [(one) => one.text('hi'), 'hi', 'text/plain; charset=utf-8'],
      [(one) => one.text('a,b', 'text/csv'), 'a,b', 'text/csv'],
      [(one) => one.html('<p>'), '<p>', 'text/html; charset=utf-8'],
      [(one) => one.bytes(Buffer.from('x')), Buffer.from('x'), 'application/octet-stream'],
      [(one) => one.empty(), null, null],
    ];
    for (const [end, body, contentType] of cases) {
      const one = response();
      expect(one.ended).toBe(false);
      end(one);
      expect(one.ended).toBe(true);
      expect(one.body).toEqual(body);
      expect(one.headers.contentType).toBe(contentType);
    }
  });

  test('a response keeps a content type that the handler has set', () => {
    const one = response().header('content-type', 'application/vnd.api+json');
    one.json({});
    expect(one.getHeader('Content-Type')).toBe('application/vnd.api+json');
  });

  test('stream() accepts a stream and refuses any other value', () => {
    const one = response();
    const pieces = (async function* () {})();
    one.stream(pieces);
    expect(one.body).toBe(pieces);
    expect(codeOf(() => response().stream([] as never))).toBe('ERR_BODY');
    expect(codeOf(() => response().bytes('text' as never))).toBe('ERR_BODY');
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53, '3' as never])(
    'stream() refuses a length of %s bytes',
    (length) => {
      const pieces = (async function* () {})();
      expect(codeOf(() => response().stream(pieces, 'text/plain', { length }))).toBe('ERR_BODY');
    },
  );

  test('a response keeps the length of a stream as long as it keeps the stream', () => {
    const pieces = (async function* () {})();
    const changes: ((one: OutgoingResponse) => unknown)[] = [
      (one) => one.replaceBody(pieces),
      (one) => one.becomeNotModified(),
      (one) => one.reset(),
    ];
    for (const change of changes) {
      const one = response();
      one.stream(pieces, 'text/plain', { length: 3 });
      expect(one.streamLength).toBe(3);
      change(one);
      expect(one.streamLength).toBeNull();
    }
  });

  test('empty() sends 204 unless a status is given', () => {
    const one = response();
    one.empty();
    expect(one.statusCode).toBe(204);
    const other = response();
    other.empty(202);
    expect(other.statusCode).toBe(202);
  });

  test('a response can be ended only once', () => {
    const one = response();
    one.text('first');
    expect(codeOf(() => one.text('second'))).toBe('ERR_RESPONSE_ENDED');
    expect(one.body).toBe('first');
  });

  test('a response with status 204, 205 or 304 refuses content', () => {
    expect(codeOf(() => response().status(204).json({}))).toBe('ERR_BODY');
    expect(codeOf(() => response().status(205).text('x'))).toBe('ERR_BODY');
    expect(codeOf(() => response().status(304).text(''))).toBe('ERR_BODY');
  });

  test.each([204, 205, 304])(
    'a response with content refuses status %i, and an empty one with that status refuses content',
    (status) => {
      const one = response();
      one.json({});
      expect(codeOf(() => one.status(status))).toBe('ERR_BODY');
      expect(codeOf(() => one.empty(status))).toBe('ERR_BODY');
      expect([one.statusCode, one.body]).toEqual([200, '{}']);

      const other = response();
      other.empty(status);
      expect(codeOf(() => other.replaceBody('late'))).toBe('ERR_BODY');
      expect(other.body).toBeNull();
    },
  );

  test('json() refuses a value without a JSON form', () => {
    expect(codeOf(() => response().json(undefined))).toBe('ERR_BODY');
    expect(codeOf(() => response().json(() => 1))).toBe('ERR_BODY');
  });

  test('problem() makes problem details of the request path', () => {
    const one = response();
    one.header('Content-Type', 'text/plain');
    one.problem(409, 'Taken.', {
      headers: { 'Retry-After': '1' },
      errors: [{ path: '/email', message: 'taken' }],
    });
    expect(one.statusCode).toBe(409);
    expect(one.headers.contentType).toBe('application/problem+json');
    expect(one.getHeader('retry-after')).toBe('1');
    expect(JSON.parse(one.body as string)).toEqual({
      type: '/problems/conflict',
      title: 'Conflict',
      status: 409,
      detail: 'Taken.',
      instance: '/here',
      errors: [{ path: '/email', message: 'taken' }],
    });
  });
});

describe('the status', () => {
  test.each([200, 299, 404, 599])('%s is accepted', (code) => {
    expect(response().status(code).statusCode).toBe(code);
  });

  test.each([100, 101, 199, 600, 0, -1, 200.5, Number.NaN, '200' as never])('%s is refused', (code) => {
    expect(codeOf(() => response().status(code))).toBe('ERR_STATUS_CODE');
  });
});

describe('headers', () => {
  test('headers are set, appended, read and removed without regard to case', () => {
    const one = response().header('X-A', '1').header('x-a', '2').appendHeader('X-a', '3');
    expect(one.getHeader('X-A')).toBe('2, 3');
    expect([...one.headers]).toEqual([
      ['x-a', '2'],
      ['X-a', '3'],
    ]);
    one.removeHeader('X-A');
    expect(one.getHeader('x-a')).toBeUndefined();
  });

  test.each(['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a(b)', 'a\0', 'a/b'])('named %j are refused', (name) => {
    expect(codeOf(() => response().header(name, 'v'))).toBe('ERR_HEADER_NAME');
  });

  test.each(['a\r\nSet-Cookie: x=1', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', 'a\x1bb', 'Ā', '€', '\u2028'])(
    'headers with the value %j are refused, Content-Type too',
    (value) => {
      expect(codeOf(() => response().header('X-A', value))).toBe('ERR_HEADER_VALUE');
      expect(codeOf(() => response().header('Content-Type', value))).toBe('ERR_HEADER_VALUE');
      expect(codeOf(() => response().text('', value))).toBe('ERR_HEADER_VALUE');
    },
  );

  test('headers may have tabs, latin1 characters and empty values', () => {
    expect(response().header('X-A', 'a\tb é ÿ').getHeader('x-a')).toBe('a\tb é ÿ');
    expect(response().header('X-A', '').getHeader('x-a')).toBe('');
  });

  test('headers with a value that is not a string are refused', () => {
    expect(codeOf(() => response().header('X-A', 1 as never))).toBe('ERR_HEADER_VALUE');
  });

  test.each(['Content-Length', 'transfer-encoding', 'DATE', 'Keep-Alive', 'Trailer'])(
    '%s can only be set by the server',
    (name) => {
      expect(codeOf(() => response().header(name, '1'))).toBe('ERR_HEADER_RESERVED');
      expect(codeOf(() => response().appendHeader(name, '1'))).toBe('ERR_HEADER_RESERVED');
    },
  );

  test('Connection can only be set to close', () => {
    expect(codeOf(() => response().header('Connection', 'keep-alive'))).toBe('ERR_HEADER_RESERVED');
    expect(response().header('connection', 'Close').headers.close).toBe(true);
  });

  test('Vary lists each name once', () => {
    const one = response().vary('Origin').vary('Accept-Encoding').vary('origin');
    expect(one.getHeader('Vary')).toBe('Origin, Accept-Encoding');
    expect(response().header('Vary', '*').vary('Origin').getHeader('Vary')).toBe('*');
  });
});

describe('cookies', () => {
  test('cookies are fields of their own, with their attributes', () => {
    const one = response()
      .cookie('session', 'a b', { httpOnly: true, secure: true, sameSite: 'lax', path: '/', maxAge: 60 })
      .cookie('theme', 'dark');
    expect([...one.headers]).toEqual([
      ['Set-Cookie', 'session=a%20b; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax'],
      ['Set-Cookie', 'theme=dark'],
    ]);
  });

  test('cookies cannot inject attributes or fields', () => {
    expect(response().cookie('a', 'x; Domain=evil\r\nX: 1').getHeader('set-cookie')).toBe(
      'a=x%3B%20Domain%3Devil%0D%0AX%3A%201',
    );
    expect(() => response().cookie('a;b', 'x')).toThrow(TypeError);
    expect(() => response().cookie('a', 'x', { path: '/;x' })).toThrow(TypeError);
  });

  test('cookies are forgotten by an expiry in the past', () => {
    expect(response().clearCookie('a', { path: '/' }).getHeader('set-cookie')).toBe(
      'a=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    );
  });
});

test('a sealed response refuses every change, by a clear error', () => {
  const one = response();
  one.text('x');
  one.seal();
  for (const change of [
    () => one.text('y'),
    () => one.status(500),
    () => one.header('X-A', '1'),
    () => one.removeHeader('X-A'),
    () => one.vary('Origin'),
    () => one.replaceBody(null),
    () => one.reset(),
  ]) {
    expect(codeOf(change)).toBe('ERR_RESPONSE_SENT');
  }
});
