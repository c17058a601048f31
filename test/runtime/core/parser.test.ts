/**
 * The requests that the cores accept and refuse, in one table of cases. Each is fed to both cores, whole and
 * in pieces of every size up to seven bytes, and must give the same answer.
 */

import { describe, expect, test } from 'vitest';
import * as r from '../../../assembly/record.ts';
import { decodeChunked } from '../../../src/runtime/core/chunked.ts';
import { reasonSentence } from '../../../src/runtime/core/reasons.ts';
import { Bench, CORE_KINDS, headersOf, LIMITS, word } from './parser-harness.ts';

const HOST = 'Host: a\r\n';
const get = (fields: string): string => `GET / HTTP/1.1\r\n${HOST}${fields}\r\n`;
const post = (fields: string, body: string): string => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

interface Accepted {
  readonly flags?: number;
  readonly form?: number;
  readonly path?: string;
  readonly query?: string | undefined;
  readonly authority?: string;
  readonly body?: string;
  readonly headers?: [string, string][];
}

const KEEP = r.FLAG_KEEP_ALIVE;

const ACCEPTED: Record<string, [string, Accepted]> = {
  'a plain request': [get(''), { flags: KEEP, form: r.FORM_ORIGIN, path: '/', query: undefined }],
  'empty lines before the request line': [`\r\n\r\n${get('')}`, { path: '/' }],
  'a query': ['GET /a?b=c?d HTTP/1.1\r\nHost: a\r\n\r\n', { path: '/a', query: 'b=c?d' }],
  'an empty query': ['GET /a? HTTP/1.1\r\nHost: a\r\n\r\n', { path: '/a', query: '' }],
  'absolute-form': [
    'GET http://h:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n',
    { form: r.FORM_ABSOLUTE, authority: 'h:80', path: '/p', query: 'q' },
  ],
  'absolute-form without a path': [
    'GET HTTP://h?q HTTP/1.1\r\nHost: a\r\n\r\n',
    { form: r.FORM_ABSOLUTE, authority: 'h', path: '', query: 'q' },
  ],
  'authority-form': [
    'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n',
    { form: r.FORM_AUTHORITY, authority: 'h:443', flags: 0 },
  ],
  'asterisk-form': ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', { form: r.FORM_ASTERISK, path: '*' }],
  'HTTP/1.0 closes': ['GET / HTTP/1.0\r\n\r\n', { flags: 0 }],
  'HTTP/1.0 with keep-alive': ['GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', { flags: KEEP }],
  'a higher minor version is 1.1': ['GET / HTTP/1.7\r\nHost: a\r\n\r\n', { flags: KEEP }],
  'Connection: close in a list': [get('Connection: x, ,close\r\n'), { flags: 0 }],
  'close in a second Connection field': [
    get('Connection: keep-alive\r\nCONNECTION: Close\r\n'),
    { flags: 0 },
  ],
  'white space around a value': [
    get('X: \t a \t b\t \r\nY:\r\nZ:z\r\n'),
    {
      headers: [
        ['Host', 'a'],
        ['X', 'a \t b'],
        ['Y', ''],
        ['Z', 'z'],
      ],
    },
  ],
  'obs-text in a value': [
    get('X: \x80\xff\r\n'),
    {
      headers: [
        ['Host', 'a'],
        ['X', '\x80\xff'],
      ],
    },
  ],
  'an IPv6 host': ['GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]:80\r\n\r\n', {}],
  'a future address as host': ['GET / HTTP/1.1\r\nHost: [v1.a:b]\r\n\r\n', {}],
  'an empty host': ['GET / HTTP/1.1\r\nHost:\r\n\r\n', {}],
  'a Content-Length body': [
    post('Content-Length: 03\r\n', 'abc'),
    { flags: KEEP | r.FLAG_BODY, body: 'abc' },
  ],
  'an empty body': [post('Content-Length: 0\r\n', ''), { flags: KEEP | r.FLAG_BODY, body: '' }],
  'chunks with extensions and trailers': [
    chunked('3 ; a = "b\\"c" ;d\r\nabc\r\n0A;e=f\r\n0123456789\r\n00\r\nX: y\r\nHost: no\r\n\r\n'),
    { flags: KEEP | r.FLAG_BODY | r.FLAG_CHUNKED, body: 'abc0123456789' },
  ],
  'empty members in Transfer-Encoding': [post('Transfer-Encoding: ,Chunked,\r\n', '0\r\n\r\n'), { body: '' }],
  'Expect: 100-continue with a body': [
    post('Expect: 100-Continue\r\nContent-Length: 1\r\n', 'a'),
    { flags: KEEP | r.FLAG_BODY | r.FLAG_EXPECT_CONTINUE, body: 'a' },
  ],
  'Expect: 100-continue without a body': [get('Expect: 100-continue\r\n'), { flags: KEEP }],
  'Expect in HTTP/1.0 is ignored': ['GET / HTTP/1.0\r\nExpect: x\r\n\r\n', { flags: 0 }],
};

const REFUSED: Record<string, [string, number, number]> = {
  'bare LF before the request line': ['\nGET / HTTP/1.1\r\n', 400, r.REASON_LINE_END],
  'too many empty lines': ['\r\n'.repeat(9), 400, r.REASON_REQUEST_LINE],
  'no method': [' / HTTP/1.1\r\n', 400, r.REASON_METHOD],
  'a method that is no token': ['G@T / HTTP/1.1\r\n', 400, r.REASON_METHOD],
  'an endless method': ['M'.repeat(33), 501, r.REASON_METHOD],
  'HTTP/0.9': ['GET /\r\n', 400, r.REASON_REQUEST_LINE],
  'two spaces': ['GET  / HTTP/1.1\r\n', 400, r.REASON_REQUEST_LINE],
  'words behind the version': ['GET / HTTP/1.1 x\r\n', 400, r.REASON_REQUEST_LINE],
  'bare LF behind the version': ['GET / HTTP/1.1\n', 400, r.REASON_LINE_END],
  'a lower-case version': ['GET / http/1.1\r\n', 400, r.REASON_VERSION],
  'another major version': ['GET / HTTP/2.0\r\n', 505, r.REASON_VERSION_UNSUPPORTED],
  'a fragment': ['GET /# HTTP/1.1\r\n', 400, r.REASON_TARGET],
  'a target without "/"': ['GET a HTTP/1.1\r\n', 400, r.REASON_TARGET],
  'an asterisk without OPTIONS': ['GET * HTTP/1.1\r\n', 400, r.REASON_TARGET],
  'CONNECT without a port': ['CONNECT h HTTP/1.1\r\n', 400, r.REASON_TARGET],
  'user information': ['GET http://u@h/ HTTP/1.1\r\n', 400, r.REASON_TARGET],
  'another scheme': ['GET https://h/ HTTP/1.1\r\n', 421, r.REASON_SCHEME],
  'a target that never ends': [`GET /${'a'.repeat(128)}`, 414, r.REASON_TARGET_TOO_LONG],
  'a malformed percent-encoding': ['GET /%4x HTTP/1.1\r\n', 400, r.REASON_PERCENT_ENCODING],
  'a malformed percent-encoding in a query': ['GET /?%4 HTTP/1.1\r\n', 400, r.REASON_PERCENT_ENCODING],
  'an encoded NUL': ['GET /%00 HTTP/1.1\r\n', 400, r.REASON_PERCENT_ENCODING],
  'an overlong encoding': ['GET /%C0%AF HTTP/1.1\r\n', 400, r.REASON_PERCENT_ENCODING],
  'an encoded surrogate': ['GET /%ED%A0%80 HTTP/1.1\r\n', 400, r.REASON_PERCENT_ENCODING],
  'a cut sequence of UTF-8': ['GET /%E2%82/ HTTP/1.1\r\n', 400, r.REASON_PERCENT_ENCODING],
  'a folded line': [get('X: a\r\n b\r\n'), 400, r.REASON_OBSOLETE_FOLD],
  'a space before the colon': [get('X : a\r\n'), 400, r.REASON_HEADER_NAME],
  'a line without a colon': [get('X\r\n'), 400, r.REASON_HEADER_NAME],
  'a bare CR in a value': [get('X: a\rb\r\n'), 400, r.REASON_LINE_END],
  'a bare LF behind a value': [get('X: a\n'), 400, r.REASON_LINE_END],
  'a bare LF ends the section': ['GET / HTTP/1.1\r\nHost: a\r\n\n', 400, r.REASON_LINE_END],
  'NUL in a value': [get('X: a\0b\r\n'), 400, r.REASON_HEADER_VALUE],
  'DEL in a value': [get('X: a\x7fb\r\n'), 400, r.REASON_HEADER_VALUE],
  'a header section that never ends': [
    `GET / HTTP/1.1\r\nX: ${'a'.repeat(510)}`,
    431,
    r.REASON_HEADERS_TOO_LARGE,
  ],
  'a header section one byte too large': [
    get(`X: ${'a'.repeat(512 - 9 - 5 - 1)}\r\n`),
    431,
    r.REASON_HEADERS_TOO_LARGE,
  ],
  'no Host': ['GET / HTTP/1.1\r\n\r\n', 400, r.REASON_HOST_MISSING],
  'two Hosts': [get('hOST: a\r\n'), 400, r.REASON_HOST_REPEATED],
  'a Host with a path': ['GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, r.REASON_HOST],
  'a Host with a port too high': ['GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n', 400, r.REASON_HOST],
  'an IPv6 Host with nine groups': [
    'GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:8:9]\r\n\r\n',
    400,
    r.REASON_HOST,
  ],
  'a signed length': [post('Content-Length: +1\r\n', ''), 400, r.REASON_CONTENT_LENGTH],
  'an empty length': [post('Content-Length:\r\n', ''), 400, r.REASON_CONTENT_LENGTH],
  'a list of lengths': [post('Content-Length: 1, 1\r\n', ''), 400, r.REASON_CONTENT_LENGTH],
  'a length twice': [post('Content-Length: 1\r\n'.repeat(2), ''), 400, r.REASON_CONTENT_LENGTH_REPEATED],
  'a length too large': [post('Content-Length: 1001\r\n', ''), 413, r.REASON_BODY_TOO_LARGE],
  'a length that wraps 64 bits': [
    post('Content-Length: 18446744073709551617\r\n', ''),
    413,
    r.REASON_BODY_TOO_LARGE,
  ],
  'length and coding': [
    post('Transfer-Encoding: chunked\r\nContent-Length: 1\r\n', ''),
    400,
    r.REASON_LENGTH_AND_TRANSFER_ENCODING,
  ],
  'chunked that is not last': [
    post('Transfer-Encoding: chunked, gzip\r\n', ''),
    400,
    r.REASON_TRANSFER_CODING,
  ],
  'chunked twice': [post('Transfer-Encoding: chunked\r\n'.repeat(2), ''), 400, r.REASON_TRANSFER_CODING],
  'a coding before chunked': [
    post('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', ''),
    501,
    r.REASON_TRANSFER_CODING,
  ],
  'a coding in HTTP/1.0': [
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
    r.REASON_TRANSFER_ENCODING_VERSION,
  ],
  'another expectation': [post('Expect: 100-continue, x\r\n', ''), 417, r.REASON_EXPECTATION],
  'a Connection that is no list of tokens': [get('Connection: a b\r\n'), 400, r.REASON_CONNECTION],
  'a chunk without a size': [chunked('\r\n'), 400, r.REASON_CHUNK_SIZE],
  'a chunk of signed size': [chunked('+1\r\n'), 400, r.REASON_CHUNK_SIZE],
  'a space behind the size': [chunked('1 \r\n'), 400, r.REASON_CHUNK_SIZE],
  'an empty extension': [chunked('1;\r\n'), 400, r.REASON_CHUNK_EXTENSION],
  'an open quote': [chunked('1;a="b\r\n'), 400, r.REASON_CHUNK_EXTENSION],
  'a bare LF behind a size': [chunked('1\n'), 400, r.REASON_LINE_END],
  'an endless extension': [chunked(`1;a=${'a'.repeat(4096)}`), 400, r.REASON_CHUNK_EXTENSION],
  'a chunk too large': [chunked('3e9\r\n'), 413, r.REASON_BODY_TOO_LARGE],
  'a size that wraps 64 bits': [chunked('10000000000000001\r\n'), 413, r.REASON_BODY_TOO_LARGE],
  'data longer than its size': [chunked('1\r\nab\r\n'), 400, r.REASON_CHUNK_END],
  'a malformed trailer': [chunked('0\r\nX : y\r\n'), 400, r.REASON_TRAILER],
  'trailers without end': [chunked(`0\r\nX: ${'a'.repeat(510)}`), 431, r.REASON_TRAILERS_TOO_LARGE],
  'more framing than content': [
    chunked(`1;a=${'a'.repeat(4000)}\r\nb\r\n`.repeat(5)),
    413,
    r.REASON_CHUNK_OVERHEAD,
  ],
};

const STEPS = [1, 2, 3, 4, 5, 6, 7, Number.MAX_SAFE_INTEGER];

describe.each(CORE_KINDS)('the %s core', (kind) => {
  const bench = new Bench(kind);

  test.each(Object.entries(ACCEPTED))('accepts %s', (_, [raw, expected]) => {
    for (const step of STEPS) {
      const answer = bench.feed(raw, step);
      expect(word(answer, r.ERROR_REASON), `in pieces of ${step}`).toBe(r.REASON_NONE);
      expect(answer.status).toBe(r.PARSE_COMPLETE);
      expect(word(answer, r.CONSUMED)).toBe(raw.length);
      if (expected.flags !== undefined) expect(word(answer, r.FLAGS)).toBe(expected.flags);
      if (expected.form !== undefined) expect(word(answer, r.TARGET_FORM)).toBe(expected.form);
      if (expected.headers !== undefined) expect(headersOf(answer)).toEqual(expected.headers);
      const text = (at: number): string => answer.text(word(answer, at), word(answer, at + 1));
      if (expected.path !== undefined) expect(text(r.PATH_START)).toBe(expected.path);
      if (expected.authority !== undefined) expect(text(r.AUTHORITY_START)).toBe(expected.authority);
      if ('query' in expected) {
        expect(word(answer, r.QUERY_LENGTH) < 0 ? undefined : text(r.QUERY_START)).toBe(expected.query);
      }
      if (expected.body !== undefined) {
        expect(word(answer, r.BODY_LENGTH)).toBe(expected.body.length);
        expect(bodyOf(raw, answer.record)).toBe(expected.body);
      }
    }
  });

  test.each(Object.entries(REFUSED))('refuses %s', (_, [raw, status, reason]) => {
    for (const step of STEPS) {
      const answer = bench.feed(raw, step);
      expect(
        [answer.status, word(answer, r.ERROR_STATUS), word(answer, r.ERROR_REASON)],
        `in pieces of ${step}`,
      ).toEqual([r.PARSE_ERROR, status, reason]);
      expect(reasonSentence(reason)).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('reports how many bytes of a body are missing, and that the client waits for 100 Continue', () => {
    const answer = bench.feed(post('Expect: 100-continue\r\nContent-Length: 10\r\n', 'abc'));
    expect(answer.status).toBe(r.PARSE_NEED);
    expect(word(answer, r.MISSING)).toBe(7);
    expect(word(answer, r.PHASE)).toBe(r.PHASE_BODY);
    expect(word(answer, r.FLAGS) & r.FLAG_EXPECT_CONTINUE).not.toBe(0);
  });

  test('reports how many bytes of a chunk are missing', () => {
    const answer = bench.feed(chunked('a\r\n012'));
    expect([answer.status, word(answer, r.MISSING)]).toEqual([r.PARSE_NEED, 9]);
  });

  test('consumes one request and leaves the next', () => {
    const answer = bench.feed(`${post('Content-Length: 2\r\n', 'ab')}GET /next`);
    expect(word(answer, r.CONSUMED)).toBe(post('Content-Length: 2\r\n', 'ab').length);
  });

  test('refuses more than 128 fields', () => {
    const large = new Bench(kind, [], { ...LIMITS, maxHeaderBytes: 4096 });
    const fields = (count: number): string => `GET / HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(count)}\r\n`;
    expect(large.feed(fields(127)).status).toBe(r.PARSE_COMPLETE);
    expect(word(large.feed(fields(128)), r.ERROR_STATUS)).toBe(431);
    expect(word(large.feed(fields(128), 1), r.ERROR_STATUS)).toBe(431);
  });

  test('leaves nothing of an earlier request in the record', () => {
    bench.feed(get('Cookie: a\r\nRange: b\r\n'));
    const answer = bench.feed(get(''));
    expect(word(answer, r.WELL_KNOWN + r.HEADER_COOKIE)).toBe(0);
    expect(word(answer, r.WELL_KNOWN + r.HEADER_RANGE)).toBe(0);
  });
});

/** The content that a worker would hand to the handler. */
function bodyOf(raw: string, record: Int32Array): string {
  const bytes = Buffer.from(raw, 'latin1');
  const [start = 0, wireLength = 0, length = 0] = record.subarray(r.BODY_START, r.BODY_START + 3);
  if (((record[r.FLAGS] ?? 0) & r.FLAG_CHUNKED) === 0) return bytes.toString('latin1', start, start + length);
  return Buffer.from(decodeChunked(bytes, start, wireLength, length)).toString('latin1');
}
