import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResponseError } from '../../../../src/runtime/http/application-errors.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import {
  encodeChunk,
  encodeHead,
  type HeadOptions,
  isChunked,
  persists,
} from '../../../../src/runtime/http/response/response-head.ts';

const plain: HeadOptions = { isHead: false, keepAlive: true, versionMinor: 1, bodyLength: 13 };

function json(): OutgoingResponse {
  const response = new OutgoingResponse({ path: '/', routeName: 'GET /' });
  response.json({ status: 1 });
  return response;
}

/** The head with its Date taken out, after a look at its form. */
function head(response: OutgoingResponse, options: Partial<HeadOptions> = {}): string {
  const text = encodeHead(response, { ...plain, ...options });
  const date = /Date: (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/;
  expect(text).toMatch(date);
  return text.replace(date, '');
}

describe('the head of a response', () => {
  test('the head of plain JSON is status line, type and length', () => {
    expect(head(json())).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n',
    );
  });

  test('the head has all fields in the order they were set, repeated ones too', () => {
    const response = json().status(201).header('Location', '/x').cookie('a', '1').cookie('b', '2');
    expect(head(response)).toBe(
      'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nLocation: /x\r\n' +
        'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 13\r\n\r\n',
    );
  });

  test('the head of a status without a registered phrase keeps the space before it', () => {
    expect(head(json().status(299))).toMatch(/^HTTP\/1\.1 299 \r\n/);
  });

  test('the head says that the connection closes, whatever the reason is', () => {
    expect(head(json(), { keepAlive: false })).toMatch(/\r\nConnection: close\r\n\r\n$/);
    expect(head(json().header('Connection', 'close'))).toMatch(/\r\nConnection: close\r\n\r\n$/);
    expect(head(json(), { versionMinor: 0, keepAlive: false })).toMatch(/\r\nConnection: close\r\n\r\n$/);
  });

  test('the head says to an HTTP/1.0 client that the connection persists', () => {
    expect(head(json(), { versionMinor: 0 })).toMatch(
      /^HTTP\/1\.1 200 OK.*\r\nConnection: keep-alive\r\n\r\n$/s,
    );
  });

  test('the head with Upgrade names it in Connection, beside other options', () => {
    const response = json().status(426).header('Upgrade', 'websocket');
    expect(head(response)).toMatch(/\r\nUpgrade: websocket\r\n.*\r\nConnection: Upgrade\r\n\r\n$/s);
    expect(head(response, { versionMinor: 0 })).toMatch(/\r\nConnection: keep-alive, Upgrade\r\n\r\n$/);
    expect(head(response, { keepAlive: false })).toMatch(/\r\nConnection: close, Upgrade\r\n\r\n$/);
  });

  test('the head of 204 and 304 has neither length nor coding', () => {
    const response = new OutgoingResponse({ path: '/', routeName: 'GET /' });
    response.empty();
    expect(head(response, { bodyLength: 0 })).toBe('HTTP/1.1 204 No Content\r\n\r\n');
    const notModified = new OutgoingResponse({ path: '/', routeName: 'GET /' });
    notModified.empty(304);
    expect(head(notModified, { bodyLength: 0 })).toBe('HTTP/1.1 304 Not Modified\r\n\r\n');
  });

  test('the head of another empty response says length 0', () => {
    const response = new OutgoingResponse({ path: '/', routeName: 'GET /' });
    response.empty(200);
    expect(head(response, { bodyLength: 0 })).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });

  test('the head for HEAD has the length that GET would have', () => {
    expect(head(json(), { isHead: true })).toBe(head(json()));
  });
});

test('no accepted name, value or content type can start a line of its own', () => {
  const hostile = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'B', ':', ' ', '\r', '\n', '\0', '\t', '\u010d', '\u560a', 'é') }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a\r\nX: 1', 'a\u010d\u010aX: 1', 'X: 1\r\n\r\n', 'x'),
  );
  const anyName = fc.oneof(fc.constantFrom('X-A', 'Vary', 'Set-Cookie'), hostile);
  fc.assert(
    fc.property(fc.array(fc.tuple(anyName, hostile), { maxLength: 4 }), hostile, (fields, contentType) => {
      const response = new OutgoingResponse({ path: '/', routeName: 'GET /' });
      let taken = 0;
      for (const [name, value] of fields) taken += isTaken(() => response.appendHeader(name, value));
      taken += isTaken(() => response.text('', contentType));
      const text = encodeHead(response, plain);
      // Status line, Date, Content-Length and the empty line with its end.
      expect(
        Buffer.from(text, 'latin1')
          .toString('latin1')
          .split(/\r\n|\r|\n/),
      ).toHaveLength(5 + taken);
      expect(text.indexOf('\r\n\r\n')).toBe(text.length - 4);
    }),
  );
});

function isTaken(action: () => unknown): number {
  try {
    action();
    return 1;
  } catch (error) {
    if (error instanceof ResponseError) return 0;
    throw error;
  }
}

describe('a stream', () => {
  function stream(length?: number): OutgoingResponse {
    const response = new OutgoingResponse({ path: '/', routeName: 'GET /' });
    response.stream((async function* () {})(), 'text/plain', length === undefined ? {} : { length });
    return response;
  }

  test('a stream is chunked for HTTP/1.1', () => {
    const options = { ...plain, bodyLength: null };
    expect(head(stream(), options)).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    expect(isChunked(stream(), options)).toBe(true);
    expect(persists(stream(), options)).toBe(true);
  });

  test('a stream is ended by closing for HTTP/1.0', () => {
    const options = { ...plain, bodyLength: null, versionMinor: 0 };
    expect(head(stream(), options)).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n',
    );
    expect(isChunked(stream(), options)).toBe(false);
    expect(persists(stream(), options)).toBe(false);
  });

  test('a stream for HEAD has no framing, and the connection persists', () => {
    const options = { ...plain, bodyLength: null, isHead: true };
    expect(head(stream(), options)).toBe('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
    expect(persists(stream(), { ...options, versionMinor: 0 })).toBe(true);
  });

  test('a stream of known length has Content-Length in every version and for HEAD, and the connection persists', () => {
    for (const length of [0, 7]) {
      for (const versionMinor of [0, 1]) {
        for (const isHead of [false, true]) {
          const options = { ...plain, bodyLength: null, versionMinor, isHead };
          const keepAlive = versionMinor === 0 ? 'Connection: keep-alive\r\n' : '';
          expect(head(stream(length), options)).toBe(
            `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n${keepAlive}\r\n`,
          );
          expect(isChunked(stream(length), options)).toBe(false);
          expect(persists(stream(length), options)).toBe(true);
        }
      }
    }
  });
});

describe('a chunk', () => {
  test('a chunk is size, data and line end, and strings count in bytes of UTF-8', () => {
    expect(encodeChunk('héllo').toString()).toBe('6\r\nhéllo\r\n');
    expect(encodeChunk(new Uint8Array(300).fill(97)).toString()).toBe(`12c\r\n${'a'.repeat(300)}\r\n`);
  });

  test('an empty piece makes no chunk, because a chunk of length 0 would end the body', () => {
    expect(encodeChunk('').length).toBe(0);
    expect(encodeChunk(new Uint8Array(0)).length).toBe(0);
  });
});
