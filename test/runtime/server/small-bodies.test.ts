/** Routes that take less than MAX_BODY_BYTES. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from '../../../src/runtime/server/server.ts';
import { RawClient } from '../../support/raw-client.ts';
import { expectRest, startServer } from './support/start.ts';

const LIMIT = 100;

describe('a route with a bound for its body', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startServer({ app: new URL('./fixtures/small-bodies-app.ts', import.meta.url).href });
  });

  afterAll(async () => {
    await expectRest(server);
    await server.close();
  });

  const answerTo = async (...parts: readonly string[]) => {
    using client = await RawClient.connect(server.port);
    for (const part of parts) client.send(part);
    const { status, headers, body } = await client.next();
    return { status, headers, text: body.toString() };
  };

  const head = (fields: string) => `POST /small HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;

  test('takes one that is as large as it may be', async () => {
    const answer = await answerTo(head(`Content-Length: ${LIMIT}`), 'x'.repeat(LIMIT));
    expect(answer).toMatchObject({ status: 200, text: '100' });
  });

  test('refuses a larger one whose length is announced before any of it has come', async () => {
    const answer = await answerTo(head(`Content-Length: ${LIMIT + 1}`));
    expect(answer).toMatchObject({ status: 413, headers: { connection: 'close', 'x-seen': 'yes' } });
    expect(answer.text).toContain('The body is larger than this route takes.');
  });

  test('does not invite a larger one', async () => {
    const answer = await answerTo(head(`Expect: 100-continue\r\nContent-Length: ${LIMIT + 1}`));
    expect(answer.status).toBe(413);
  });

  test.each([
    ['with its head', head(`Content-Length: ${LIMIT + 1}`) + 'x'.repeat(LIMIT + 1)],
    ['in chunks', `${head('Transfer-Encoding: chunked')}65\r\n${'x'.repeat(101)}\r\n0\r\n\r\n`],
  ])('refuses a larger one that comes %s', async (_how, request) => {
    expect((await answerTo(request)).status).toBe(413);
  });

  test('leaves other routes alone', async () => {
    const request = `POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n`;
    expect((await answerTo(request, 'x'.repeat(5000))).text).toBe('5000');
  });
});
