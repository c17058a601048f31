/**
 * What the runtime refuses can be read by a script of an origin that the application allows, and by no other.
 * It has the headers that the application has declared for all answers.
 */

import { describe, expect, test } from 'vitest';
import type { Server, ServerOptions } from '../../../src/runtime/server/server.ts';
import { RawClient, type RawResponse } from '../../support/raw-client.ts';
import { ORIGIN } from './fixtures/cors-app.ts';
import { startServer } from './support/start.ts';

const APP = new URL('./fixtures/cors-app.ts', import.meta.url).href;
const OTHER = 'https://other.example';

function start(options: Partial<ServerOptions> = {}): Promise<Server> {
  return startServer({ app: APP, workers: 1, ...options });
}

async function answerTo(server: Server, origin: string, request: string): Promise<RawResponse> {
  using client = await RawClient.connect(server.port);
  client.send(request.replace('\r\n', `\r\nHost: test\r\nOrigin: ${origin}\r\n`));
  return await client.next();
}

/** Sends the request for both origins. @returns the answer for the allowed one */
async function expectReadable(server: Server, request: string, status: number): Promise<RawResponse> {
  const refused = await answerTo(server, OTHER, request);
  expect(refused.status).toBe(status);
  expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
  expect(refused.headers['vary']).toBe('Origin');
  const answer = await answerTo(server, ORIGIN, request);
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  });
  expect(answer.headers['access-control-expose-headers']).toContain('Retry-After');
  // A constant answer is as it was declared.
  const declared = status === 200 ? undefined : 'nosniff';
  for (const { headers } of [refused, answer]) expect(headers['x-content-type-options']).toBe(declared);
  return answer;
}

const CHUNKED = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('a refusal of a worker', () => {
  test.each([
    [413, 'for a long body', 'POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n'],
    [413, 'for a chunk', `${CHUNKED}7d0\r\n`],
    [417, 'for an expectation', 'POST / HTTP/1.1\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\nx'],
    [400, 'for a chunk without size', `${CHUNKED}5\r\nabcde\r\nno size\r\n`],
    [413, 'for a body, and its unknown path', 'POST /unknown HTTP/1.1\r\nContent-Length: 2000\r\n\r\n'],
  ])('%d %s has the headers of global middleware', async (status, _, request) => {
    await using server = await start({ maxBodyBytes: 1_000 });
    const { headers, body } = await expectReadable(server, request, status);
    expect(headers['x-middleware']).toBe('has seen it');
    expect(headers['connection']).toBe('close');
    expect(JSON.parse(body.toString())).toMatchObject({ status, instance: expect.any(String) });
  });

  test('of a body that comes byte by byte is the same as of one that comes at once', async () => {
    await using server = await start({ maxBodyBytes: 1_000 });
    using client = await RawClient.connect(server.port);
    const request = CHUNKED.replace('\r\n', `\r\nHost: test\r\nOrigin: ${ORIGIN}\r\n`);
    for (const byte of `${request}5\r\nabcde\r\nno size\r\n`) await client.sendSegment(byte);
    const { status, headers } = await client.next();
    expect(status).toBe(400);
    expect(headers).toMatchObject({ 'access-control-allow-origin': ORIGIN, 'x-middleware': 'has seen it' });
  });

  test.each([
    [400, 'for a malformed field', 'GET / HTTP/1.1\r\nA B: c\r\n\r\n'],
    [414, 'for a long target', `GET /${'x'.repeat(300)} HTTP/1.1\r\n\r\n`],
    [431, 'for a long head', `GET / HTTP/1.1\r\nA: ${'x'.repeat(600)}\r\n\r\n`],
    [501, 'for a transfer coding', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    [505, 'for a version', 'GET / HTTP/2.0\r\n\r\n'],
  ])('%d %s follows the policy of the application', async (status, _, request) => {
    await using server = await start({ maxTargetBytes: 200, maxHeaderBytes: 500 });
    await expectReadable(server, request, status);
  });

  test('for a head without an end names the origin that stands before', async () => {
    await using server = await start({ maxHeaderBytes: 500 });
    const { status, headers } = await answerTo(server, ORIGIN, `GET / HTTP/1.1\r\nA: ${'x'.repeat(600)}`);
    expect(status).toBe(431);
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
  });
});

describe('an answer of the main thread', () => {
  test.each([
    [408, 'a slow request', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf'],
    [500, 'a worker that ends', 'GET /exit HTTP/1.1\r\n\r\n'],
    [504, 'a loop without end', 'GET /spin HTTP/1.1\r\n\r\n'],
  ])('%d for %s follows the policy', async (status, _, request) => {
    await using server = await start({
      requestTimeoutMs: 300,
      handlerTimeoutMs: status === 504 ? 300 : 60_000,
    });
    await expectReadable(server, request, status);
  });

  test('503 for too long a wait follows the policy, and so does a constant answer', async () => {
    await using server = await start({ maxInFlight: 1, maxQueueWaitMs: 300, shutdownTimeoutMs: 1_000 });
    using first = await RawClient.connect(server.port);
    first.send('GET /never HTTP/1.1\r\nHost: test\r\n\r\n');
    await expectReadable(server, 'GET /never HTTP/1.1\r\n\r\n', 503);
    await expectReadable(server, 'GET /health HTTP/1.1\r\n\r\n', 200);
  });

  test('503 for a connection too many follows the policy', async () => {
    await using server = await start({ maxConnections: 1 });
    using first = await RawClient.connect(server.port);
    expect((await first.get('/health')).status).toBe(200);
    await expectReadable(server, 'GET /health HTTP/1.1\r\n\r\n', 503);
  });
});
