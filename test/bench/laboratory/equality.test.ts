import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { type Answerer, assertSameAnswers } from '../../../bench/laboratory/equality/answers.ts';
import { assertEqualArms } from '../../../bench/laboratory/equality/equal-arms.ts';
import type { LoadRequest } from '../../../bench/laboratory/load/request.ts';

const REQUEST: LoadRequest = { method: 'GET', path: '/vm', headers: {} };

const resources = new AsyncDisposableStack();
afterAll(() => resources.disposeAsync());

interface Fields {
  readonly [name: string]: string | undefined;
}

/** A server that answers every request with these bytes. */
async function serverThatAnswers(name: string, status: number, fields: () => Fields, body: string) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const all: Fields = { 'Content-Length': String(body.length), ...fields() };
      const lines = Object.entries(all).filter(([, value]) => value !== undefined);
      const head = lines.map(([field, value]) => `${field}: ${value}\r\n`).join('');
      socket.write(`HTTP/1.1 ${status} Reason\r\n${head}\r\n${body}`);
      if (all['Connection'] === 'close') socket.end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  resources.defer(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { name, url: `http://127.0.0.1:${address.port}` } satisfies Answerer;
}

describe('the comparison of answers before a benchmark', () => {
  const json = { 'Content-Type': 'application/json', ETag: '"2"' };
  const one = () => serverThatAnswers('one', 200, () => json, '{"id":1}');

  test('lets servers pass that answer with the same bytes', async () => {
    const other = await serverThatAnswers('other', 200, () => ({ ...json, 'X-By': 'other' }), '{"id":1}');
    await assertSameAnswers([await one(), other], [REQUEST]);
  });

  test('shows both answers when one byte of the body differs', async () => {
    const other = await serverThatAnswers('other', 200, () => json, '{"id":2}');
    const comparison = assertSameAnswers([await one(), other], [REQUEST]);
    await expect(comparison).rejects.toThrow('GET /vm is answered differently');
    await expect(comparison).rejects.toThrow(/one:\n200.*"2"\n\n\{"id":1\}.*other:.*\{"id":2\}/s);
  });

  test.each([
    { what: 'the status', status: 404, headers: json },
    { what: 'the entity tag', status: 200, headers: { ...json, ETag: '"3"' } },
    { what: 'a missing entity tag', status: 200, headers: { 'Content-Type': 'application/json' } },
    { what: 'the media type', status: 200, headers: { ...json, 'Content-Type': 'application/json; a=b' } },
  ])('refuses a difference of $what', async ({ status, headers }) => {
    const other = await serverThatAnswers('other', status, () => headers, '{"id":1}');
    await expect(assertSameAnswers([await one(), other], [REQUEST])).rejects.toMatchObject({
      code: 'ERR_DIFFERENT_ANSWERS',
    });
  });

  test('compares normalised answers where new ids make each different', async () => {
    const other = await serverThatAnswers('other', 200, () => json, '{"id":2}');
    await assertSameAnswers([await one(), other], [REQUEST], (answer) => ({
      ...answer,
      body: answer.body.replace(/\d/, 'N'),
    }));
  });
});

describe('the comparison of how answers are sent', () => {
  const live = (): Fields => ({ Date: new Date().toUTCString() });
  const equal = async (fields: () => Fields, body = 'body', closes = false) => {
    const usual = closes ? (): Fields => ({ ...live(), Connection: 'close' }) : live;
    const one = await serverThatAnswers('one', 200, usual, 'body');
    const other = await serverThatAnswers('other', 200, fields, body);
    return assertEqualArms([one, other], REQUEST, closes);
  };

  test('says what is the same and what is not', async () => {
    const { verified, differences } = await equal(() => ({ ...live(), 'Keep-Alive': 'timeout=5' }));
    expect(verified).toContain('a Date that is right and ticks');
    expect(verified).toContain('the connection persists');
    expect(differences).toEqual(['other also sends keep-alive (23 bytes more than one)']);
  });

  test.each([
    { what: 'no Date', fields: (): Fields => ({}), message: 'other sends no Date' },
    {
      what: 'a Date that stands still',
      fields: (): Fields => ({ Date: 'Sat, 28 Nov 2026 03:00:00 GMT' }),
      message: 'the Date of other does not tick',
    },
    {
      what: 'the Date of another time',
      fields: (): Fields => ({ Date: new Date(Date.now() - 3_600_000).toUTCString() }),
      message: 'the Date of other is wrong',
    },
    {
      what: 'a coding of the content',
      fields: (): Fields => ({ ...live(), 'Content-Encoding': 'gzip' }),
      message: 'other sends content-encoding: gzip',
    },
    {
      what: 'chunks',
      fields: (): Fields => ({ ...live(), 'Transfer-Encoding': 'chunked', 'Content-Length': undefined }),
      message: 'no Content-Length',
    },
    {
      what: 'far more bytes',
      fields: (): Fields => ({ ...live(), 'X-Long': 'x'.repeat(500) }),
      message: /one sends \d+ bytes and other \d+, which differ by more than 160/,
    },
    {
      what: 'the end of a connection that should persist',
      fields: (): Fields => ({ ...live(), Connection: 'close' }),
      message: 'the connection is closed',
    },
  ])('refuses $what', async ({ fields, message }) => {
    await expect(equal(fields)).rejects.toThrow(message);
  });

  test('refuses an arm that does not say that it closes a connection', async () => {
    await expect(equal(live, 'body', true)).rejects.toThrow('other does not say that it closes');
    const { verified } = await equal(() => ({ ...live(), Connection: 'close' }), 'body', true);
    expect(verified).toContain('the connection is closed after each answer');
  });
});
