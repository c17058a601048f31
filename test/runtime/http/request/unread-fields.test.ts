import { describe, expect, test } from 'vitest';
import { UnreadFields } from '../../../../src/runtime/http/request/unread-fields.ts';

const fieldOf = (text: string, name = 'origin') => new UnreadFields(Buffer.from(text, 'latin1')).header(name);

test.each([
  ['GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n'],
  ['GET / HTTP/1.1\r\nORIGIN:https://a.example \t\r\nunfinished'],
  ['\r\nGET / HTTP/1.1\r\norigin: https://a.example\r\n\r\nOrigin: https://b.example\r\n'],
])('a field is found in %j', (text) => {
  expect(fieldOf(text)).toBe('https://a.example');
});

describe('there is no field in', () => {
  test.each([
    ['a head without it', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['two of them', 'GET / HTTP/1.1\r\nOrigin: https://a.example\r\nOrigin: https://b.example\r\n\r\n'],
    ['an unfinished line', 'GET / HTTP/1.1\r\nOrigin: https://a.exam'],
    ['a body', 'POST / HTTP/1.1\r\nHost: a\r\n\r\nx\r\nOrigin: https://a.example\r\n'],
    ['a longer name', 'GET / HTTP/1.1\r\nX-Origin: https://a.example\r\n\r\n'],
    ['several values', 'GET / HTTP/1.1\r\nOrigin: https://a.example https://b.example\r\n\r\n'],
    ['other characters', 'GET / HTTP/1.1\r\nOrigin: https://\xe4.example\r\n\r\n'],
    ['nothing', ''],
  ])('%s', (_, text) => {
    expect(fieldOf(text)).toBeUndefined();
  });
});

test('fields of several names are found in one head', () => {
  const fields = new UnreadFields(Buffer.from('GET / HTTP/1.1\r\nA: 1\r\nX-B: 2\r\n\r\n'));
  expect([fields.header('a'), fields.header('x-b'), fields.header('a')]).toEqual(['1', '2', '1']);
});
