/**
 * Requests from the grammar of RFC 9112, most of them valid, some with one part replaced by a hostile one.
 * They reach deeper than mutants of the corpus do: many headers, long targets, chunked bodies with every
 * extra.
 */

import fc from 'fast-check';

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz";
const VALUE_CHARACTERS = `${TOKEN_CHARACTERS} \t"(),/:;<=>?@[\\]{}\x80\xa0\xff`;

const text = (characters: string, maxLength: number, minLength = 0): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });

const token = text(TOKEN_CHARACTERS, 20, 1);

const method = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'),
  },
  { weight: 1, arbitrary: fc.constantFrom('CONNECT', 'get', 'GETS', 'M-SEARCH') },
  { weight: 1, arbitrary: text(TOKEN_CHARACTERS, 40) },
);

const pathSegment = fc.oneof(
  fc.constantFrom(
    'health',
    'echo',
    'params',
    'files',
    'one',
    'fixed',
    'index',
    '',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '%2F',
  ),
  text("abcXYZ019-._~!$&'()*+,;=:@", 24),
  fc.string({
    unit: fc.constantFrom('%41', '%C3%A9', '%e2%82%ac', '%F0%9F%98%80', 'a', '%20'),
    maxLength: 8,
  }),
  fc.constantFrom('%', '%4', '%zz', '%00', '%ff', '%c0%80', '%ED%A0%80', '\xe9', '"', '<', '|', '^'),
);

const path = fc.array(pathSegment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`);
const query = fc.oneof(
  fc.constant(''),
  text("abc019=&%?/+-._~!$'()*,;:@{}|`\\[]^", 40).map((rest) => `?${rest}`),
);

const authority = fc.oneof(
  fc.constantFrom(
    'localhost',
    'a:80',
    '[::1]',
    '[::1]:65535',
    '127.0.0.1',
    'A.B.',
    '',
    ':1',
    'a:',
    '[v1.a:b]',
  ),
  fc.constantFrom(
    '[::1',
    'a:65536',
    'a b',
    'u@h',
    '[1:2:3:4:5:6:7:8]',
    '[1::2::3]',
    '[::1.2.3.256]',
    'a/b',
    '%41',
    '%4',
  ),
  text('abcdef0123456789.:[]-%', 24),
);

const target = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(path, query).map((parts) => parts.join('')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('http://', 'HTTP://', 'https://', 'ftp://'), authority, path, query)
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('*', '', 'localhost:80', '/a#b', '//', 'a') },
  { weight: 1, arbitrary: fc.integer({ min: 8150, max: 8250 }).map((length) => `/${'t'.repeat(length)}`) },
);

const version = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.', 'HTTP/11', '', 'HTTP/1.1 '),
  },
);

const space = fc.constantFrom('', ' ', ' ', ' ', '\t', '  ', ' \t');

const fieldName = fc.oneof(
  fc.constantFrom(
    'Accept',
    'cookie',
    'AUTHORIZATION',
    'User-Agent',
    'X-Forwarded-For',
    'TE',
    'Idempotency-Key',
    'Range',
  ),
  token,
);

const plainField = fc
  .tuple(fieldName, space, text(VALUE_CHARACTERS, 60), space)
  .map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`);

const meaningfulField = fc
  .constantFrom(
    'Connection: close',
    'Connection: keep-alive, x',
    'connection: ,Close ,',
    'Connection:',
    'Connection: a b',
    'Expect: 100-continue',
    'expect: 100-Continue',
    'Expect: other',
    'Upgrade: websocket',
    'Proxy-Connection: close',
  )
  .map((line) => `${line}\r\n`);

const brokenField = fc.constantFrom(
  'a : b\r\n',
  ': b\r\n',
  'a\r\n',
  ' a: b\r\n',
  'a: b\n',
  'a: b\r',
  'a: \0\r\n',
  'a: \x7f\r\n',
  '\x80: a\r\n',
);

const hostField = fc.oneof(
  { weight: 8, arbitrary: fc.constant('Host: localhost\r\n') },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('Host', 'host', 'HOST'), space, authority, space)
      .map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'Host: a\r\nHost: a\r\n') },
);

const chunkSize = fc.oneof(
  { weight: 10, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'g', '0x1', '-1', '+1', 'FFFFFFFF', '100000000', '1'.repeat(30)),
  },
);
const chunkExtension = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 3, arbitrary: fc.constantFrom(';a', ';a=b', ' ; a = "b;c\\"d" ;e', ';a="\xe9"', '\t;\ta') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ';',
      ' ',
      ';a=',
      ';a="b',
      ';;',
      ';a="b"c',
      ';\0',
      ';a\r',
      ` ;${'e'.repeat(5000)}`,
    ),
  },
);
const chunkEnd = fc.oneof(
  { weight: 20, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('', '\n', '\r', 'x\r\n') },
);

const chunk = fc
  .tuple(
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 80 }),
    chunkSize,
    chunkExtension,
    chunkEnd,
    fc.boolean(),
  )
  .map(([data, size, extension, end, upper]) => {
    const hex = size ?? data.length.toString(16);
    return `${upper ? hex.toUpperCase() : hex}${extension}\r\n${data}${end}`;
  });

const chunkedBody = fc
  .tuple(
    fc.array(chunk, { maxLength: 6 }),
    fc.constantFrom('0', '0', '000', '0;a'),
    fc.array(fc.oneof({ weight: 6, arbitrary: plainField }, { weight: 1, arbitrary: brokenField }), {
      maxLength: 3,
    }),
    chunkEnd,
  )
  .map(([chunks, last, trailers, end]) => `${chunks.join('')}${last}\r\n${trailers.join('')}${end}`);

/** Fields that frame the body, and the body. */
const framing = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ fields: '', body: '' }) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.string({ unit: 'binary-ascii', maxLength: 200 }), space).map(([body, after]) => ({
      fields: `Content-Length:${after}${body.length}\r\n`,
      body,
    })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('chunked', 'chunked', 'chunked', 'Chunked ', ',chunked,', 'chunked\t'),
        chunkedBody,
      )
      .map(([coding, body]) => ({
        fields: `Transfer-Encoding: ${coding}\r\n`,
        body,
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'Content-Length: 5\r\nContent-Length: 5\r\n',
          'Content-Length: +5\r\n',
          'Content-Length: 5,5\r\n',
          'Content-Length: 1048577\r\n',
          'Content-Length: 99999999999999999999\r\n',
          'Content-Length:\r\n',
          'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
          'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
          'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n',
          'Transfer-Encoding: chunked, gzip\r\n',
          'Transfer-Encoding: xchunked\r\n',
          'Transfer-Encoding:\r\n',
        ),
        chunkedBody,
      )
      .map(([fields, body]) => ({ fields, body })),
  },
);

const fields = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: plainField },
    { weight: 8, arbitrary: meaningfulField },
    { weight: 1, arbitrary: brokenField },
    { weight: 1, arbitrary: fc.integer({ min: 60, max: 130 }).map((count) => 'n: v\r\n'.repeat(count)) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 15_000, max: 17_000 }).map((length) => `long: ${'v'.repeat(length)}\r\n`),
    },
  ),
  { maxLength: 12 },
);

const emptyLines = fc.oneof(
  { weight: 12, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.integer({ max: 10, min: 1 }).map((count) => '\r\n'.repeat(count)) },
);

const request = fc
  .tuple(emptyLines, method, target, version, hostField, fields, framing)
  .map(([before, verb, uri, protocol, host, others, { fields: framed, body }]) => {
    const middle = Math.floor(others.length / 2);
    const head = [host, ...others.slice(0, middle), framed, ...others.slice(middle)].join('');
    return `${before}${verb} ${uri} ${protocol}\r\n${head}\r\n${body}`;
  });

/** The input of one connection: one to three requests, perhaps cut short. */
export const requests: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(request, { minLength: 1, maxLength: 3 }), fc.nat({ max: 12 }))
  .map(([list, cut]) => {
    const bytes = Buffer.from(list.join(''), 'latin1');
    return cut === 0 ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes;
  });
