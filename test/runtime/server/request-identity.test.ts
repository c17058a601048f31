/** The ids of requests and their traces: in requests, answers and the log, whoever answers. */

import { describe, expect, test } from 'vitest';
import type { Server, ServerOptions } from '../../../src/runtime/server/server.ts';
import { RawClient, type RawResponse } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { ServerProcess } from './support/server-process.ts';
import { startServer } from './support/start.ts';

const APP = new URL('./fixtures/identified-app.ts', import.meta.url);
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const OUR_ID = /^[\da-f]{16}-[\da-z]+$/;

function start(options: Partial<ServerOptions> = {}): Promise<Server> {
  return startServer({ app: APP.href, workers: 1, ...options });
}

/** @param fields lines, each with its end */
async function ask(port: number, fields: string, request = 'GET / HTTP/1.1\r\n\r\n'): Promise<RawResponse> {
  using client = await RawClient.connect(port);
  client.send(Buffer.from(request.replace('\r\n', `\r\nHost: test\r\n${fields}`), 'latin1'));
  return await client.next();
}

describe('the id of a request', () => {
  test.each([
    ['of one character', 'a'],
    ['of 128 characters', 'x'.repeat(128)],
    ['with quotes and braces', '"}{\\\'<b>'],
    ['of every visible character', String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i))],
  ])('%s is the client’s', async (_, id) => {
    await using server = await start();
    for (const path of ['/', '/later']) {
      const request = `GET ${path} HTTP/1.1\r\n\r\n`;
      const { headers, body } = await ask(server.port, `X-Request-Id: ${id}\r\n`, request);
      expect(headers['x-request-id']).toBe(id);
      expect(JSON.parse(body.toString())).toEqual({ requestId: id });
    }
  });

  test.each([
    ['is absent', ''],
    ['is empty', 'X-Request-Id:\r\n'],
    ['has 129 characters', `X-Request-Id: ${'x'.repeat(129)}\r\n`],
    ['has a space', 'X-Request-Id: a b\r\n'],
    ['has a tab', 'X-Request-Id: a\tb\r\n'],
    ['is not ASCII', 'X-Request-Id: \xe4\r\n'],
    ['is there twice', 'X-Request-Id: a\r\nX-Request-Id: b\r\n'],
    ['is there twice, once empty', 'X-Request-Id:\r\nX-Request-Id: b\r\n'],
  ])('is ours if the client’s %s', async (_, fields) => {
    await using server = await start();
    const { status, headers, body } = await ask(server.port, fields);
    expect(status).toBe(200);
    expect(headers['x-request-id']).toMatch(OUR_ID);
    expect(JSON.parse(body.toString())).toEqual({ requestId: headers['x-request-id'] });
  });

  test('is never the same twice, whichever worker or server answers', async () => {
    const seen = new Set<string | undefined>();
    for (let starts = 0; starts < 2; starts++) {
      await using server = await start({ workers: 2 });
      const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(server.port)));
      const answers = clients.map(async (client) => {
        for (let number = 0; number < 50; number++)
          seen.add((await client.get('/later')).headers['x-request-id']);
      });
      await Promise.all(answers);
      for (const client of clients) client[Symbol.dispose]();
    }
    expect(seen.size).toBe(2 * 8 * 50);
  });
});

describe('the trace of a request', () => {
  test('is that of a valid traceparent, and the answer names the span of this server', async () => {
    await using server = await start();
    const { headers, body } = await ask(server.port, `traceparent: ${TRACEPARENT}\r\ntracestate: a=b\r\n`);
    const [, spanId = ''] =
      /^00-4bf92f3577b34da6a3ce929d0e0e4736-([\da-f]{16})-01$/.exec(`${headers['traceparent']}`) ?? [];
    expect(spanId).not.toBe('');
    expect(spanId).not.toBe('00f067aa0ba902b7');
    expect(headers).not.toHaveProperty('tracestate');
    expect(JSON.parse(body.toString())).toEqual({
      requestId: headers['x-request-id'],
      traceId: TRACE,
      spanId,
    });
  });

  test.each([
    ['none', ''],
    ['an invalid one', `traceparent: 00-${'0'.repeat(32)}-00f067aa0ba902b7-01\r\n`],
    ['two', `traceparent: ${TRACEPARENT}\r\ntraceparent: ${TRACEPARENT}\r\n`],
  ])('is none with %s', async (_, fields) => {
    await using server = await start();
    const { headers, body } = await ask(server.port, fields);
    expect(headers).not.toHaveProperty('traceparent');
    expect(Object.keys(JSON.parse(body.toString()))).toEqual(['requestId']);
  });
});

const CHUNKED = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

/** The client’s fields are answered where the server has found them, and otherwise an id of ours. */
async function expectIdentified(server: Server, status: number, request: string): Promise<void> {
  const fields = `X-Request-Id: "mine"\r\ntraceparent: ${TRACEPARENT}\r\n`;
  const named = await ask(server.port, fields, request);
  expect(named.status).toBe(status);
  expect(named.headers['x-request-id']).toBe('"mine"');
  expect(named.headers['traceparent']).toContain(`00-${TRACE}-`);
  const unnamed = await ask(server.port, '', request);
  expect(unnamed.status).toBe(status);
  expect(unnamed.headers['x-request-id']).toMatch(OUR_ID);
  expect(unnamed.headers).not.toHaveProperty('traceparent');
}

describe('a refusal has the id', () => {
  test.each([
    [404, 'of an unknown path', 'GET /unknown HTTP/1.1\r\n\r\n'],
    [405, 'of another method', 'PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
    [204, 'of OPTIONS', 'OPTIONS / HTTP/1.1\r\n\r\n'],
    [500, 'of a defect', 'GET /throw HTTP/1.1\r\n\r\n'],
    [413, 'for a long body', 'POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n'],
    [417, 'for an expectation', 'POST / HTTP/1.1\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\nx'],
    [400, 'for a chunk without size', `${CHUNKED}no size\r\n`],
    [400, 'for a malformed field', 'GET / HTTP/1.1\r\nA B: c\r\n\r\n'],
    [414, 'for a long target', `GET /${'x'.repeat(300)} HTTP/1.1\r\n\r\n`],
    [431, 'for a long head', `GET / HTTP/1.1\r\nA: ${'x'.repeat(600)}\r\n\r\n`],
    [501, 'for a transfer coding', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    [505, 'for a version', 'GET / HTTP/2.0\r\n\r\n'],
  ])('%d %s', async (status, _, request) => {
    await using server = await start({ maxTargetBytes: 200, maxHeaderBytes: 500, maxBodyBytes: 1_000 });
    await expectIdentified(server, status, request);
  });

  test.each([
    [408, 'a slow request', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf'],
    [500, 'a worker that ends', 'GET /exit HTTP/1.1\r\n\r\n'],
    [504, 'a loop without end', 'GET /spin HTTP/1.1\r\n\r\n'],
    [504, 'a handler that never settles', 'GET /never HTTP/1.1\r\n\r\n'],
  ])('%d for %s', async (status, _, request) => {
    await using server = await start({
      requestTimeoutMs: 300,
      handlerTimeoutMs: status === 504 ? 300 : 60_000,
    });
    await expectIdentified(server, status, request);
  });

  test('503 for too long a wait, and then a constant answer has none, but metrics have', async () => {
    await using server = await start({ maxInFlight: 1, maxQueueWaitMs: 300, shutdownTimeoutMs: 1_000 });
    using first = await RawClient.connect(server.port);
    first.send('GET /never HTTP/1.1\r\nHost: test\r\n\r\n');
    await expectIdentified(server, 503, 'GET /never HTTP/1.1\r\n\r\n');
    await expectIdentified(server, 200, 'GET /metrics HTTP/1.1\r\n\r\n');
    const { status, headers } = await ask(server.port, 'X-Request-Id: a\r\n', 'GET /health HTTP/1.1\r\n\r\n');
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('x-request-id');
  });

  test('503 for a connection too many, which is not read, so the id is ours', async () => {
    await using server = await start({ maxConnections: 1 });
    using first = await RawClient.connect(server.port);
    expect((await first.get('/health')).status).toBe(200);
    const { status, headers } = await ask(server.port, 'X-Request-Id: a\r\n');
    expect(status).toBe(503);
    expect(headers['x-request-id']).toMatch(OUR_ID);
  });
});

test('a constant answer of a worker has no id, and neither has an application that does not ask for ids', async () => {
  const fields = `X-Request-Id: a\r\ntraceparent: ${TRACEPARENT}\r\n`;
  await using server = await start();
  const constant = await ask(server.port, fields, 'GET /health HTTP/1.1\r\n\r\n');
  await using other = await startServer({ workers: 1 });
  const unknown = await ask(other.port, fields, 'GET /unknown HTTP/1.1\r\n\r\n');
  for (const { headers } of [constant, unknown]) {
    expect(headers).not.toHaveProperty('x-request-id');
    expect(headers).not.toHaveProperty('traceparent');
  }
});

describe('the log names the request', () => {
  test.each([
    [500, '/throw', 'A handler failed'],
    [504, '/never', 'A handler failed'],
  ])('of a %d', async (status, path, message) => {
    await using server = new ServerProcess({ APP: APP.pathname, HANDLER_TIMEOUT_MS: '300' });
    const port = await server.port;
    const fields = `X-Request-Id: "mine"\r\ntraceparent: ${TRACEPARENT}\r\n`;
    const { headers } = await ask(port, fields, `GET ${path} HTTP/1.1\r\n\r\n`);
    const unnamed = await ask(port, '', `GET ${path} HTTP/1.1\r\n\r\n`);
    expect([unnamed.status, headers['x-request-id']]).toEqual([status, '"mine"']);
    const lines = () =>
      server.output
        .split('\n')
        .filter((line) => line.includes(message))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await until('both requests are in the log', () => lines().length === 2);
    const [first, second] = lines();
    expect(first).toMatchObject({ requestId: '"mine"', traceId: TRACE, path });
    expect(headers['traceparent']).toBe(`00-${TRACE}-${String(first?.['spanId'])}-01`);
    expect(second?.['requestId']).toBe(unnamed.headers['x-request-id']);
    expect(second).not.toHaveProperty('traceId');
  });

  test('that has ended a worker, by the fields of the client', async () => {
    await using server = new ServerProcess({ APP: APP.pathname });
    const fields = `X-Request-Id: mine\r\ntraceparent: ${TRACEPARENT}\r\n`;
    expect((await ask(await server.port, fields, 'GET /exit HTTP/1.1\r\n\r\n')).status).toBe(500);
    await until('the death is in the log', () => server.output.includes('A worker ended unexpectedly'));
    expect(server.output).toContain(`X-Request-Id: mine\\ntraceparent: ${TRACEPARENT}`);
  });

  test.each([
    [500, '/exit'],
    [504, '/spin'],
  ])('that got %d as its worker had ended, by the id of the answer: %s', async (status, path) => {
    await using server = new ServerProcess({ APP: APP.pathname, HANDLER_TIMEOUT_MS: '300', WORKERS: '1' });
    const port = await server.port;
    const { status: answered, headers } = await ask(port, '', `GET ${path} HTTP/1.1\r\n\r\n`);
    expect(answered).toBe(status);
    const line = () =>
      server.output.split('\n').find((text) => text.includes('because their worker has ended'));
    await until('the answer is in the log', () => line() !== undefined);
    expect(JSON.parse(line() ?? '')).toMatchObject({ requests: 1, requestIds: [headers['x-request-id']] });
  });

  test('of those that died together, in one line that names 32 of them', async () => {
    await using server = new ServerProcess({ APP: APP.pathname, WORKERS: '1' });
    const port = await server.port;
    const post = 'POST /never HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n';
    const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.connect(port)));
    for (const client of clients) client.send(post);
    const inFlight = async () =>
      Number((await ask(port, '', 'GET /in-flight HTTP/1.1\r\n\r\n')).body.toString());
    while ((await inFlight()) < 40);
    expect((await ask(port, '', 'GET /exit HTTP/1.1\r\n\r\n')).status).toBe(500);
    const ids = await Promise.all(
      clients.map(async (client) => (await client.next()).headers['x-request-id']),
    );
    for (const client of clients) client[Symbol.dispose]();
    const lines = () =>
      server.output.split('\n').filter((text) => text.includes('because their worker has ended'));
    await until('the answers are in the log', () => lines().length > 0);
    expect(lines()).toHaveLength(1);
    const { requests, requestIds } = JSON.parse(lines()[0] ?? '') as {
      requests: number;
      requestIds: string[];
    };
    expect([requests, requestIds.length]).toEqual([41, 32]);
    expect(requestIds.filter((id) => ids.includes(id)).length).toBeGreaterThanOrEqual(31);
  });
});
