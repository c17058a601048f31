import { expect, test } from 'vitest';
import { requestExcerpt } from '../../../../src/runtime/server/workers/request-excerpt.ts';

const excerpt = (text: string) => requestExcerpt(Buffer.from(text, 'latin1'));

test('an excerpt shows what helps to find the request, and nothing that may be a secret', () => {
  const secret = 'c2VjcmV0'.repeat(8);
  const request =
    `POST /api/vms/65f0/start/${secret}?token=${secret}&limit=5&${secret} HTTP/1.1\r\n` +
    `Host: api.example\r\nAuthorization: Bearer ${secret}\r\nCookie: session=${secret}\r\n` +
    `Content-Type: application/json\r\nX-Custom: ${secret}\r\nContent-Length: 99\r\n\r\n{"password":"${secret}"}`;
  expect(excerpt(request)).toBe(
    [
      'POST /api/vms/65f0/start/***?token=***&limit=***&*** HTTP/1.1',
      'Host: api.example',
      'Authorization: ***',
      'Cookie: ***',
      'Content-Type: application/json',
      'X-Custom: ***',
      'Content-Length: 99',
    ].join('\n'),
  );
});

test.each([
  ['', '  '],
  ['GET', 'GET  '],
  ['\x00\xff\x1b[31m', '...[31m  '],
  ['GET / HTTP/1.1\r\nno colon, but a secret', 'GET / HTTP/1.1\n***'],
])('an excerpt of %j is harmless', (text, expected) => {
  expect(excerpt(text)).toBe(expected);
});

test('an excerpt of a long request is short', () => {
  expect(excerpt(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(10_000)}`).length).toBeLessThan(1_000);
});
