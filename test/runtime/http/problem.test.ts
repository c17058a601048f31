import { describe, expect, test } from 'vitest';
import {
  HttpProblem,
  problemBody,
  problemType,
  protocolErrorResponse,
} from '../../../src/runtime/http/problem.ts';

describe('a problem', () => {
  test("a problem has the catalogue's type and title for its status", () => {
    expect(JSON.parse(problemBody(new HttpProblem(413, 'Too much.'), '/upload'))).toEqual({
      type: '/problems/content-too-large',
      title: 'Content Too Large',
      status: 413,
      detail: 'Too much.',
      instance: '/upload',
    });
    expect(problemType(499)).toBe('/problems/client-error');
    expect(problemType(599)).toBe('/problems/server-error');
  });

  test('a problem may have a type and title of its own, and a list of errors', () => {
    const problem = new HttpProblem(422, 'No.', {
      type: 'https://example.com/schema',
      title: 'Schema',
      errors: [{ path: '/name', message: 'is missing' }],
    });
    expect(JSON.parse(problemBody(problem, null))).toEqual({
      type: 'https://example.com/schema',
      title: 'Schema',
      status: 422,
      detail: 'No.',
      errors: [{ path: '/name', message: 'is missing' }],
    });
  });

  test.each([200, 399, 600, 400.5])('a problem cannot have status %s', (status) => {
    expect(() => new HttpProblem(status, 'x')).toThrow(RangeError);
  });
});

test('a protocol error is a complete response that closes the connection', () => {
  const bytes = protocolErrorResponse(503, 'Überlast.', { 'Retry-After': '1' });
  const [head = '', body = ''] = bytes.toString('utf8').split('\r\n\r\n');
  expect(head.split('\r\n').map((line) => line.replace(/^Date: .*/, 'Date'))).toEqual([
    'HTTP/1.1 503 Service Unavailable',
    'Date',
    'Content-Type: application/problem+json',
    'Retry-After: 1',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]);
  expect(JSON.parse(body)).toMatchObject({ status: 503, detail: 'Überlast.' });
});
