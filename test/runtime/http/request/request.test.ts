import { describe, expect, test } from 'vitest';
import { METHOD_OTHER } from '../../../../assembly/record.ts';
import { RequestEndedError } from '../../../../src/runtime/http/application-errors.ts';
import { HttpProblem } from '../../../../src/runtime/http/problem.ts';
import { RequestKey } from '../../../../src/runtime/http/request/request-key.ts';
import { fakeRequest } from '../support/fake-request.ts';

function post(contentType: string | null, body: string) {
  const bytes = Buffer.from(body).toString('latin1');
  const type = contentType === null ? '' : `Content-Type: ${contentType}\r\n`;
  const fields = `${type}Content-Length: ${bytes.length}\r\n`;
  return fakeRequest(`POST /items HTTP/1.1\r\nHost: a\r\n${fields}\r\n${bytes}`);
}

function statusOf(action: () => unknown): number {
  try {
    action();
  } catch (error) {
    if (error instanceof HttpProblem) return error.status;
    throw error;
  }
  throw new Error('expected an HttpProblem');
}

describe('the request line', () => {
  test('the request line is read as it was sent', () => {
    const { request } = fakeRequest('GET /a%20b?x=1 HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(request.method).toBe('GET');
    expect(request.target).toBe('/a%20b?x=1');
    expect(request.path).toBe('/a%20b');
    expect(request.httpVersion).toBe('1.1');
    expect(request.keepAlive).toBe(true);
    expect(request.remoteAddress).toBe('192.0.2.7');
  });

  test('the request line keeps the name of a method that the core does not know', () => {
    const { request } = fakeRequest('BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(request.methodNumber).toBe(METHOD_OTHER);
    expect(request.method).toBe('BREW');
  });

  test('an absolute target without a path has path "/", and its authority is the host', () => {
    const { request } = fakeRequest('GET http://b.example:81?x=1 HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(request.path).toBe('/');
    expect(request.query.get('x')).toBe('1');
    expect(request.host).toBe('b.example:81');
  });

  test('the request line has path "*" for OPTIONS *', () => {
    const { request } = fakeRequest('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(request.path).toBe('*');
    expect(request.isAsterisk).toBe(true);
    expect(request.host).toBe('a');
  });
});

describe('headers', () => {
  const raw =
    'GET / HTTP/1.1\r\nHost: a\r\nX-Trace: one\r\nACCEPT: text/html\r\nx-trace:  two \r\n' +
    'Cookie: a=1\r\naccept: */*\r\nCookie: b=2\r\nX-Empty:\r\nX-Latin: caf\xe9\r\n__proto__: p\r\n\r\n';

  test('headers are found in any case, well-known or not', () => {
    const { request } = fakeRequest(raw);
    expect(request.header('HOST')).toBe('a');
    expect(request.header('X-Empty')).toBe('');
    expect(request.header('x-latin')).toBe('café');
    expect(request.header('authorization')).toBeUndefined();
    expect(request.header('x-missing')).toBeUndefined();
    expect(request.header('x-trac')).toBeUndefined();
  });

  test('headers of one name are joined, Cookie by semicolons', () => {
    const { request } = fakeRequest(raw);
    expect(request.header('x-trace')).toBe('one, two');
    expect(request.header('accept')).toBe('text/html, */*');
    expect(request.header('cookie')).toBe('a=1; b=2');
  });

  test('headers are listed in order of arrival, in an object without a prototype', () => {
    const { request } = fakeRequest(raw);
    expect(Object.entries(request.headers)).toEqual([
      ['host', 'a'],
      ['x-trace', 'one, two'],
      ['accept', 'text/html, */*'],
      ['cookie', 'a=1; b=2'],
      ['x-empty', ''],
      ['x-latin', 'café'],
      ['__proto__', 'p'],
    ]);
    expect(Object.getPrototypeOf(request.headers)).toBeNull();
    expect(request.header('X-Trace')).toBe('one, two');
  });

  test('Cookie is parsed by name', () => {
    const { request } = fakeRequest(raw);
    expect({ ...request.cookies }).toEqual({ a: '1', b: '2' });
    expect({ ...fakeRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n').request.cookies }).toEqual({});
  });
});

describe('parameters', () => {
  function withParameters(a: string, b: string) {
    return fakeRequest(`GET /params/${a}/${b} HTTP/1.1\r\nHost: a\r\n\r\n`, {
      parameters: [a, b],
      parameterNames: ['a', 'b'],
    }).request;
  }

  test('parameters are percent-decoded exactly once', () => {
    expect({ ...withParameters('a%2Fb', '%C3%A9').parameters }).toEqual({ a: 'a/b', b: 'é' });
    expect(withParameters('%2541', 'a+b').parameter('a')).toBe('%41');
    expect(withParameters('%2541', 'a+b').parameter('b')).toBe('a+b');
  });

  test.each(['%', '%2', '%zz', '%u0041', '%80', '%C0%AF', '%ED%A0%80', '%E2%82'])(
    'parameters with the malformed encoding %s are refused with 400',
    (text) => {
      expect(statusOf(() => withParameters(text, 'x').parameters)).toBe(400);
    },
  );

  test('parameters that the route does not have throw a TypeError', () => {
    expect(() => withParameters('x', 'y').parameter('c')).toThrow('no parameter named "c"');
  });
});

describe('the query', () => {
  function query(text: string) {
    return fakeRequest(`GET /${text} HTTP/1.1\r\nHost: a\r\n\r\n`).request.query;
  }

  test('the query gives first and all values, decoded', () => {
    const parsed = query('?a=1&b=x%20y+z&a=2&flag&=v&&%C3%A9=%26');
    expect(parsed.get('a')).toBe('1');
    expect(parsed.getAll('a')).toEqual(['1', '2']);
    expect(parsed.get('b')).toBe('x y z');
    expect(parsed.get('flag')).toBe('');
    expect(parsed.get('')).toBe('v');
    expect(parsed.get('é')).toBe('&');
    expect(parsed.has('c')).toBe(false);
    expect(parsed.size).toBe(6);
  });

  test('the query as an object has no prototype and shows repeated names', () => {
    const object = query('?__proto__=1&constructor=2&a=1&a=2&a=3').toObject();
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.entries(object)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
      ['a', ['1', '2', '3']],
    ]);
  });

  test('the query may be absent or empty', () => {
    expect([...query('')]).toEqual([]);
    expect([...query('?')]).toEqual([]);
  });

  test.each(['?q=%', '?q=%zz', '?%C0%AF=1'])('%s is refused with 400', (text) => {
    expect(statusOf(() => query(text))).toBe(400);
  });
});

describe('the body', () => {
  test('a body as bytes is a private copy, the same at each call', () => {
    const { request, overwrite } = post('text/plain', 'hällo');
    const bytes = request.bytes();
    overwrite();
    expect(Buffer.from(bytes).toString()).toBe('hällo');
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
    expect(request.bytes()).toBe(bytes);
  });

  test('a chunked body is decoded', () => {
    const raw = 'POST / HTTP/1.1\r\nHost: a\r\n\r\n5;x=1\r\nhello\r\nA\r\n, good day\n\r\n0\r\nT: 1\r\n\r\n';
    const { request } = fakeRequest(raw, { chunkedBodyLength: 15 });
    expect(request.bodyLength).toBe(15);
    expect(request.text()).toBe('hello, good day\n'.slice(0, 15));
  });

  test('the body of a request without content is empty', () => {
    const { request } = fakeRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(request.bytes().length).toBe(0);
    expect(request.text()).toBe('');
    expect(request.bodyLength).toBe(0);
  });

  test('a body that is not UTF-8 is refused as text with 400', () => {
    const { request } = fakeRequest('POST / HTTP/1.1\r\nHost: a\r\n\r\n\xff\xfe');
    expect(statusOf(() => request.text())).toBe(400);
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;Charset="UTF-8"',
    'application/merge-patch+json',
    'application/problem+json; profile=x',
    'application/json; profile="a;charset=latin1"',
    'application/json; profile="a\\";charset=latin1"; charset="utf-8"',
    'application/json; profile="a, b"',
    'application/json ;\tcharset = utf-8 ;',
    'application/json;;charset=UTF-8',
    `application/json;${' '.repeat(8000)};profile="${'\\"'.repeat(2000)}"`,
  ])('a body of type %s is read as JSON', (contentType) => {
    expect(post(contentType, '{"name":"Zoë"}').request.json()).toEqual({ name: 'Zoë' });
  });

  test.each([
    'text/plain',
    'application/jsonx',
    'json',
    'application/json; charset=latin1',
    'application/json; charset="iso-8859-1"; profile="charset=utf-8"',
    'application/json; charset="utf\\-16"',
    'text/plain; profile=application/json',
    'application/json, text/plain',
    'application/json; profile="x", text/plain',
    '; charset=utf-8',
    `application/${'+'.repeat(8000)}`,
    '',
    null,
  ])('a body of type %s is refused as JSON with 415', (contentType) => {
    expect(statusOf(() => post(contentType, '{}').request.json())).toBe(415);
  });

  test.each(['', '{', '{"a":1,}', 'undefined', '\u0000', '{"a":01}'])(
    '%j is refused as JSON with 400',
    (body) => {
      expect(statusOf(() => post('application/json', body).request.json())).toBe(400);
    },
  );

  test('a body that was not announced is refused as JSON with 411, and is empty as bytes', () => {
    const { request } = fakeRequest('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n');
    expect(statusOf(() => request.json())).toBe(411);
    expect(request.bytes().length).toBe(0);
  });

  test.each([
    '',
    'identity',
    'Identity',
    'identity, identity',
    ',\tidentity ,,',
    'identity\r\nContent-Encoding:',
  ])('Content-Encoding: %j is no coding', (coding) => {
    const fields = `Content-Type: application/json\r\nContent-Encoding: ${coding}\r\n`;
    const { request } = fakeRequest(`POST / HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: 2\r\n\r\n{}`);
    expect(request.json()).toEqual({});
  });

  test.each(['gzip', 'identity, gzip', 'identity;q=1', 'identity identity', '"identity"'])(
    'Content-Encoding: %j is refused with 415',
    (coding) => {
      const fields = `Content-Type: application/json\r\nContent-Encoding: ${coding}\r\n`;
      const { request } = fakeRequest(`POST / HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: 2\r\n\r\n{}`);
      expect(statusOf(() => request.json())).toBe(415);
    },
  );

  test('a body that is compressed is refused with 415, and may still be read as bytes', () => {
    const fields = 'Content-Type: application/json\r\nContent-Encoding: gzip\r\n';
    const { request } = fakeRequest(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\x1f\x8b`);
    expect(statusOf(() => request.json())).toBe(415);
    expect(statusOf(() => request.text())).toBe(415);
    expect([...request.bytes()]).toEqual([0x1f, 0x8b]);
  });

  test('"__proto__" in JSON is a member like any other', () => {
    const value = post('application/json', '{"__proto__":{"admin":true}}').request.json() as object;
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect('admin' in {}).toBe(false);
  });
});

describe('a request whose handler has gone asynchronous', () => {
  const raw = 'POST /items/%41?q=1 HTTP/1.1\r\nHost: a\r\nX-Long: value\r\n\r\nbody';

  test('a detached request keeps its head when the worker parses the next request', () => {
    const { request, source, overwrite } = fakeRequest(raw, { parameters: ['%41'], parameterNames: ['id'] });
    request.detach();
    source.record.words.fill(7);
    source.bytes.fill('X', source.address, source.address + raw.indexOf('body'));
    expect(request.text()).toBe('body');
    overwrite();
    expect(request.method).toBe('POST');
    expect(request.target).toBe('/items/%41?q=1');
    expect(request.header('x-long')).toBe('value');
    expect(request.headers).toHaveProperty('host', 'a');
    expect(request.parameter('id')).toBe('A');
    expect(request.query.get('q')).toBe('1');
  });

  test('a detached request reads its head, but no unread body, after its end', () => {
    const { request } = fakeRequest(raw);
    request.detach();
    request.end();
    expect(request.header('x-long')).toBe('value');
    expect(() => request.bytes()).toThrow(RequestEndedError);
  });
});

test('a request that has ended still returns its text, and the JSON in it, if that was read before', () => {
  const { request, overwrite } = post('application/json', '{"a":1}');
  expect(request.json()).toEqual({ a: 1 });
  request.detach();
  request.end();
  overwrite();
  expect(request.json()).toEqual({ a: 1 });
  expect(request.text()).toBe('{"a":1}');
  expect(() => request.bytes()).toThrow(RequestEndedError);
});

describe('a request that has ended', () => {
  test('a request that has ended returns the parts that were read before and throws for the others', () => {
    const { request } = fakeRequest('POST /p?q=1 HTTP/1.1\r\nHost: a\r\n\r\nbody');
    expect(request.text()).toBe('body');
    expect(request.path).toBe('/p');
    expect(request.headers).toHaveProperty('host', 'a');
    request.end();
    expect(request.text()).toBe('body');
    expect(request.path).toBe('/p');
    expect(request.header('Host')).toBe('a');
    for (const read of [
      () => request.method,
      () => request.query,
      () => request.parameters,
      () => request.target,
    ]) {
      expect(read).toThrow(RequestEndedError);
    }
    request.detach();
    expect(() => request.method).toThrow(RequestEndedError);
  });
});

describe('the signal', () => {
  test('the signal aborts once, with the first reason', () => {
    const { request } = fakeRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const { signal } = request;
    const first = new Error('gone');
    expect(signal.aborted).toBe(false);
    request.abort(first);
    request.abort(new Error('later'));
    expect(signal.reason).toBe(first);
    expect(request.aborted).toBe(true);
  });

  test('the signal is aborted even if it is first read after the abort', () => {
    const { request } = fakeRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    request.abort(new Error('gone'));
    expect(request.signal.aborted).toBe(true);
    expect(request.signal.reason).toEqual(new Error('gone'));
  });
});

test('middleware stores values under keys that cannot collide', () => {
  const { request } = fakeRequest('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const user = new RequestKey<{ readonly id: string }>('user');
  const other = new RequestKey<number>('user');
  expect(request.get(user)).toBeUndefined();
  expect(() => request.require(user)).toThrow('"user"');
  request.set(user, { id: '1' });
  expect(request.get(other)).toBeUndefined();
  expect(request.require(user).id).toBe('1');
});
