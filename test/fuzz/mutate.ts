/**
 * Mutations of raw requests: single bytes, repeated and moved slices, pieces of other requests, and the
 * words that HTTP parsers have fallen over. Several are stacked on one seed. Deterministic for a seed.
 */

import type { Random } from './random.ts';

const MAX_MUTANT_BYTES = 8192;

const TROUBLESOME_TEXTS = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '\n\n',
  '\r\r\n',
  ' ',
  '\t',
  '\0',
  '\x7f',
  '\x80',
  '\xff',
  ':',
  ' :',
  ',',
  ';',
  '=',
  '"',
  '\\',
  '%',
  '%00',
  '%2f',
  '%2E%2E',
  '%C3%A9',
  '%c0%af',
  '%ed%a0%80',
  '%F4%8f%bf%bf',
  '/',
  '//',
  '/./',
  '?',
  '#',
  '*',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  '5;a=b;c="d\\"e"\r\nhello\r\n',
  'ffffffff\r\n',
  '100000000\r\n',
  '000000000000000000001\r\na\r\n',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'http://',
  'HTTP://[::1]:80/',
  'GET ',
  'HEAD ',
  'OPTIONS * ',
  'CONNECT a:1 ',
  'POST /echo HTTP/1.1\r\nHost: a\r\n',
  'GET /params/a/b HTTP/1.1\r\nHost: a\r\n\r\n',
  'Host: localhost\r\n',
  'Host: [::ffff:1.2.3.4]:65535\r\n',
  'Host:\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'content-length:\t05 \r\n',
  'Content-Length: 18446744073709551621\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'transfer-encoding:,chunked,\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, TE\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: h2c\r\n',
  'X-Forwarded-For: 1.2.3.4\r\n',
  'X:y\r\n',
  ' folded\r\n',
].map((text) => Buffer.from(text, 'latin1'));

type Mutation = (bytes: Buffer, random: Random, corpus: readonly Uint8Array[]) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  overwriteByte,
  overwriteByte,
  flipBit,
  insertText,
  insertText,
  insertText,
  removeSlice,
  repeatSlice,
  swapCase,
  spliceOther,
  changeDigit,
  truncate,
  joinOther,
];

/** A mutant of one seed, with one to eight mutations. */
export function mutate(corpus: readonly Uint8Array[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(corpus));
  for (let count = 1 + random.below(random.oneIn(4) ? 8 : 2); count > 0; count--) {
    bytes = random.pick(MUTATIONS)(bytes, random, corpus);
  }
  return bytes.subarray(0, MAX_MUTANT_BYTES);
}

function overwriteByte(bytes: Buffer, random: Random): Buffer {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  const position = random.below(bytes.length);
  const byte = bytes[position];
  if (byte !== undefined) bytes[position] = byte ^ (1 << random.below(8));
  return bytes;
}

function insertText(bytes: Buffer, random: Random): Buffer {
  const position = random.below(bytes.length + 1);
  return Buffer.concat([
    bytes.subarray(0, position),
    random.pick(TROUBLESOME_TEXTS),
    bytes.subarray(position),
  ]);
}

function removeSlice(bytes: Buffer, random: Random): Buffer {
  const position = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, position), bytes.subarray(position + 1 + random.below(16))]);
}

function repeatSlice(bytes: Buffer, random: Random): Buffer {
  const start = random.below(bytes.length + 1);
  const slice = bytes.subarray(start, start + 1 + random.below(24));
  const copies = Array.from({ length: 1 + random.below(random.oneIn(8) ? 200 : 3) }, () => slice);
  return Buffer.concat([bytes.subarray(0, start), ...copies, bytes.subarray(start)]);
}

function swapCase(bytes: Buffer, random: Random): Buffer {
  const start = random.below(bytes.length + 1);
  for (let position = start; position < Math.min(bytes.length, start + 12); position++) {
    const byte = bytes[position] ?? 0;
    if (/[A-Za-z]/.test(String.fromCharCode(byte))) bytes[position] = byte ^ 0x20;
  }
  return bytes;
}

function spliceOther(bytes: Buffer, random: Random, corpus: readonly Uint8Array[]): Buffer {
  const other = random.pick(corpus);
  const head = bytes.subarray(0, random.below(bytes.length + 1));
  return Buffer.concat([head, other.subarray(random.below(other.length))]);
}

function joinOther(bytes: Buffer, random: Random, corpus: readonly Uint8Array[]): Buffer {
  return Buffer.concat([bytes, random.pick(corpus)]);
}

function changeDigit(bytes: Buffer, random: Random): Buffer {
  const digits = [...bytes.keys()].filter((position) =>
    /[0-9a-f]/.test(String.fromCharCode(bytes[position] ?? 0)),
  );
  if (digits.length > 0) bytes[random.pick(digits)] = random.pick([...Buffer.from('0123456789abcdefF')]);
  return bytes;
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}
