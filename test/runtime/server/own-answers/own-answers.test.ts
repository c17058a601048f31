import { describe, expect, test } from 'vitest';
import { RefusalHeaders } from '../../../../src/runtime/server/connections/refusal-headers.ts';
import { OwnAnswers } from '../../../../src/runtime/server/own-answers/own-answers.ts';

const refusalHeaders = new RefusalHeaders();
const answers = new OwnAnswers(refusalHeaders);
answers.declare({ constants: [{ path: '/health', json: '{"status":"ok"}' }], metrics: null });

const answerTo = (head: string, persists = true) => {
  const answer = answers.to(Buffer.from(head, 'latin1'), persists);
  return answer === null || answer === 'soon' ? undefined : answer.response.toString('latin1');
};

describe('main answers', () => {
  test('GET of a constant path', () => {
    const answer = answerTo('GET /health HTTP/1.1\r\nHost: a.example:80\r\nUser-Agent: probe/1 (x)\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\nDate: .*\r\nContent-Type: application\/json\r\n/);
    expect(answer).toMatch(/\r\nContent-Length: 15\r\n\r\n\{"status":"ok"\}$/);
  });

  test('HEAD with the same head and no content', () => {
    expect(answerTo('HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/\r\nContent-Length: 15\r\n\r\n$/);
  });

  test.each(['localhost', '127.0.0.1:5001', '[::1]:5001', 'a-b.example_c:59999', 'a\t'])(
    'for the host %j',
    (host) => {
      expect(answerTo(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toBeDefined();
    },
  );

  test('that the connection closes if it does', () => {
    expect(answerTo('GET /health HTTP/1.1\r\nHost: a\r\n\r\n', false)).toContain('\r\nConnection: close\r\n');
  });
});

describe('main leaves to the workers', () => {
  test.each([
    'GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /health?x HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /health HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /health HTTP/1.0\r\nHost: a\r\n\r\n',
    'GET /health HTTP/1.1\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a b\r\n\r\n',
    `GET /health HTTP/1.1\r\nHost: a\r\n${'x:\r\n'.repeat(128)}\r\n`,
    `GET /health HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(4096)}\r\n\r\n`,
    'GET /health HTTP/1.1\r\nHost: []\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: [v.a]\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: [::1]80\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a:http\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a:80:80\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a:65536\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost : a\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n',
    'GET /health HTTP/1.1\nHost: a\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n',
    'GET  /health HTTP/1.1\r\nHost: a\r\n\r\n',
    ' GET /health HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n',
  ])('%j', (head) => {
    expect(answerTo(head)).toBeUndefined();
  });
});
