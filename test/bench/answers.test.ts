import { createServer, type OutgoingHttpHeaders } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { type Answerer, assertSameAnswers } from '../../bench/api/answers.ts';
import type { LoadRequest } from '../../bench/load.ts';

const REQUEST: LoadRequest = { method: 'GET', path: '/vm', headers: {} };

const resources = new AsyncDisposableStack();
afterAll(() => resources.disposeAsync());

async function serverThatAnswers(
  name: string,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string,
): Promise<Answerer> {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body));
  resources.defer(async () => {
    server.close();
    server.closeAllConnections();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { name, url: `http://127.0.0.1:${address.port}` };
}

const json = { 'Content-Type': 'application/json', ETag: '"2"' };

describe('the comparison of answers before a benchmark', () => {
  test('lets servers pass that answer with the same bytes', async () => {
    const one = await serverThatAnswers('one', 200, json, '{"id":1}');
    const other = await serverThatAnswers('other', 200, { ...json, 'X-Powered-By': 'other' }, '{"id":1}');
    await assertSameAnswers([one, other], [REQUEST]);
  });

  test('shows both answers when one byte of the body differs', async () => {
    const one = await serverThatAnswers('one', 200, json, '{"id":1}');
    const other = await serverThatAnswers('other', 200, json, '{"id":2}');
    const comparison = assertSameAnswers([one, other], [REQUEST]);
    await expect(comparison).rejects.toThrow('GET /vm is answered differently');
    await expect(comparison).rejects.toThrow(/one:\n200.*"2"\n\n\{"id":1\}.*other:.*\{"id":2\}/s);
  });

  test.each([
    { what: 'the status', status: 404, headers: json },
    { what: 'the entity tag', status: 200, headers: { ...json, ETag: '"3"' } },
    { what: 'a missing entity tag', status: 200, headers: { 'Content-Type': 'application/json' } },
    {
      what: 'the media type',
      status: 200,
      headers: { ...json, 'Content-Type': 'application/json; charset=utf-8' },
    },
  ])('refuses a difference of $what', async ({ status, headers }) => {
    const one = await serverThatAnswers('one', 200, json, '{}');
    const other = await serverThatAnswers('other', status, headers, '{}');
    await expect(assertSameAnswers([one, other], [REQUEST])).rejects.toMatchObject({
      code: 'ERR_DIFFERENT_ANSWERS',
    });
  });

  test('compares normalised answers where new ids make each different', async () => {
    const one = await serverThatAnswers('one', 201, json, '{"id":1}');
    const other = await serverThatAnswers('other', 201, json, '{"id":2}');
    await assertSameAnswers([one, other], [REQUEST], (answer) => ({
      ...answer,
      body: answer.body.replace(/\d/, 'N'),
    }));
  });
});
