import { expect, test } from 'vitest';
import { originOf } from '../../../../src/runtime/http/cors/origin-field.ts';

const origin = (text: string) => originOf(Buffer.from(text, 'latin1'));

test.each([
  ['GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n'],
  ['GET / HTTP/1.1\r\nORIGIN:https://a.example \t\r\nunfinished'],
  ['\r\nGET / HTTP/1.1\r\norigin: https://a.example\r\n\r\nOrigin: https://b.example\r\n'],
])('the origin is found in %j', (text) => {
  expect(origin(text)).toBe('https://a.example');
});

test.each([
  ['no field', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two fields', 'GET / HTTP/1.1\r\nOrigin: https://a.example\r\nOrigin: https://b.example\r\n\r\n'],
  ['an unfinished line', 'GET / HTTP/1.1\r\nOrigin: https://a.exam'],
  ['a field of the body', 'POST / HTTP/1.1\r\nHost: a\r\n\r\nx\r\nOrigin: https://a.example\r\n'],
  ['a name that only ends like it', 'GET / HTTP/1.1\r\nX-Origin: https://a.example\r\n\r\n'],
  ['several values', 'GET / HTTP/1.1\r\nOrigin: https://a.example https://b.example\r\n\r\n'],
  ['nothing', ''],
])('there is no origin in %s', (_, text) => {
  expect(origin(text)).toBeUndefined();
});
