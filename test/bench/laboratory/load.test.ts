import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAutocannon } from '../../../bench/laboratory/load/autocannon.ts';
import { LOAD_GENERATOR, runLoad } from '../../../bench/laboratory/load/closed-loop.ts';
import type { LoadResult } from '../../../bench/laboratory/load/load.ts';
import { OpenLoopProcess } from '../../../bench/laboratory/load/open-loop/open-loop-process.ts';
import type { OpenLoopOptions } from '../../../bench/laboratory/load/open-loop/protocol.ts';
import { ResponseReader } from '../../../bench/laboratory/load/open-loop/response-reader.ts';
import { type LoadRequest, UNIQUE } from '../../../bench/laboratory/load/request.ts';

const MIXED: readonly LoadRequest[] = [
  { method: 'GET', path: '/vms/1', headers: { Authorization: 'Bearer one' } },
  { method: 'GET', path: '/vms/2', headers: { Authorization: 'Bearer "two"' } },
  {
    method: 'POST',
    path: '/vms',
    headers: { 'Idempotency-Key': `key-${UNIQUE}`, 'Content-Type': 'application/json' },
    body: '{"name":"\\"weiß\\""}',
  },
];
const PLAIN: LoadRequest = { method: 'GET', path: '/health', headers: {} };

interface Seen {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function serve(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Answers everything with its URL, and keeps what was asked. */
function recorder(seen: Seen[]): RequestListener {
  return async (request, response) => {
    const { url, headers } = request;
    seen.push({ url, headers, body: await text(request) });
    const body = String(url);
    response.writeHead(200, { 'Content-Length': body.length }).end(body);
  };
}

test('autocannon, where wrk is not installed, sends the same', async () => {
  const seen: Seen[] = [];
  await using server = await serve(recorder(seen));
  const load = { url: server.url, requests: MIXED, connections: 2, pipelining: 1, seconds: 0.5 };
  const { requests, errors } = await runAutocannon(load);
  expect(requests).toBeGreaterThan(0);
  expect(errors).toBe(0);
  expectAllRequests(seen);
  expect(new Set(seen.map(({ headers }) => headers.host))).toEqual(new Set([new URL(server.url).host]));
});

function expectAllRequests(seen: readonly Seen[]): void {
  const one = (url: string) => seen.find((request) => request.url === url);
  expect(one('/vms/1')?.headers.authorization).toBe('Bearer one');
  expect(one('/vms/2')?.headers.authorization).toBe('Bearer "two"');
  expect(one('/vms')).toMatchObject({
    headers: { 'content-type': 'application/json' },
    body: '{"name":"\\"weiß\\""}',
  });
  const keys = seen
    .filter(({ url }) => url === '/vms')
    .map(({ headers }) => String(headers['idempotency-key']));
  expect(keys.length).toBeGreaterThan(1);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^key-[0-9a-z-]{8,}/.test(key))).toBe(true);
}

describe('a closed-loop load', () => {
  const load = (url: string, requests: readonly LoadRequest[], pipelining = 1): Promise<LoadResult> =>
    runLoad({ url, requests, connections: 2, seconds: 0.5, pipelining });

  test('of several requests sends each of them, with its own headers and body', async () => {
    const seen: Seen[] = [];
    await using server = await serve(recorder(seen));
    const result = await load(server.url, MIXED);
    expect(result).toMatchObject({ errors: 0, generatorShare: expect.any(Number) });
    expect(result.latency?.p999Ms).toBeGreaterThan(0);
    expectAllRequests(seen);
  });

  test('of one request sends its method, fields and body', async () => {
    const seen: Seen[] = [];
    await using server = await serve(recorder(seen));
    const body = 'x'.repeat(100_000);
    await load(server.url, [{ method: 'POST', path: '/echo', headers: { 'X-Field': '1' }, body }]);
    expect(seen[0]).toMatchObject({ url: '/echo', body, headers: { 'x-field': '1' } });
  });

  test('takes about the time that it was given, a fraction of a second too', async () => {
    await using server = await serve(recorder([]));
    const { seconds } = await load(server.url, [PLAIN]);
    expect(seconds).toBeGreaterThan(0.3);
    expect(seconds).toBeLessThan(20);
  });

  test('counts failures', async () => {
    let requests = 0;
    await using server = await serve((_request, response) => {
      requests += 1;
      response.writeHead(requests % 2 === 0 ? 200 : 503, { 'Content-Length': 0 }).end();
    });
    expect((await load(server.url, [PLAIN])).errors).toBeGreaterThan(0);
  });

  test('is refused when every request fails', async () => {
    await using server = await serve((_request, response) => void response.writeHead(500).end());
    await expect(load(server.url, [PLAIN])).rejects.toThrow('failed');
  });

  test.runIf(LOAD_GENERATOR === 'wrk')('has no latency where requests are pipelined', async () => {
    await using server = await serve(recorder([]));
    expect((await load(server.url, [PLAIN], 4)).latency).toBeUndefined();
  });
});

describe('an open-loop load', () => {
  let generator: OpenLoopProcess;
  beforeAll(async () => {
    generator = await OpenLoopProcess.start();
  });
  afterAll(() => generator[Symbol.asyncDispose]());

  const options = (url: string, more: Partial<OpenLoopOptions> = {}): OpenLoopOptions => ({
    ...{ url, requests: [PLAIN], connections: 4, seconds: 0.5, rate: 400, pipelining: 1, closes: false },
    ...more,
  });

  test('sends as many requests as are due, and counts each', async () => {
    const seen: Seen[] = [];
    await using server = await serve(recorder(seen));
    const result = await generator.run(options(server.url));
    expect(result).toMatchObject({ due: 200, errors: 0 });
    expect(seen).toHaveLength(200);
    expect(result.achievedRate).toBeGreaterThan(20);
    expect(result.achievedRate).toBeLessThanOrEqual(400);
  });

  test('of several requests sends each of them, with its own headers and body', async () => {
    const seen: Seen[] = [];
    await using server = await serve(recorder(seen));
    await generator.run(options(server.url, { requests: MIXED }));
    expectAllRequests(seen);
  });

  test('shows a stall in every request that it held up', async () => {
    const stallMs = 600;
    let requests = 0;
    await using server = await serve((_request, response) => {
      requests += 1;
      if (requests === 100) for (const end = performance.now() + stallMs; performance.now() < end; );
      response.writeHead(200, { 'Content-Length': 2 }).end('ok');
    });
    // A closed loop would see four slow requests of 500. Here nearly all that were due meanwhile are slow.
    const { p50Ms, p99Ms, mostMs } = await generator.run(options(server.url, { seconds: 1, rate: 500 }));
    expect(mostMs).toBeGreaterThan(stallMs / 2);
    expect(p99Ms).toBeGreaterThan(stallMs / 2);
    expect(p50Ms).toBeGreaterThan(0);
  });

  test('counts requests whose connection is lost, and goes on', async () => {
    let requests = 0;
    await using server = await serve((request, response) => {
      requests += 1;
      if (requests % 10 === 0) request.socket.destroy();
      else response.writeHead(200, { 'Content-Length': 2 }).end('ok');
    });
    const { errors, due } = await generator.run(options(server.url));
    expect(errors).toBeGreaterThan(0);
    expect(errors).toBeLessThan(due / 2);
  });

  test('counts refusals', async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(503, { 'Content-Length': 0 }).end();
    });
    const { errors, due, achievedRate } = await generator.run(options(server.url));
    expect(errors).toBe(due);
    expect(achievedRate).toBe(0);
  });

  test('counts each answer of a batch that is pipelined', async () => {
    const seen: Seen[] = [];
    await using server = await serve(recorder(seen));
    const { due, errors } = await generator.run(options(server.url, { pipelining: 4 }));
    expect({ due, errors, seen: seen.length }).toEqual({ due: 200, errors: 0, seen: 200 });
  });

  test('opens a connection for each request where servers close them', async () => {
    const ports = new Set<number | undefined>();
    await using server = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(200, { 'Content-Length': 2, Connection: 'close' }).end('ok');
    });
    const request: LoadRequest = { ...PLAIN, headers: { Connection: 'close' } };
    const { errors } = await generator.run(options(server.url, { requests: [request], closes: true }));
    expect(errors).toBe(0);
    expect(ports.size).toBeGreaterThan(100);
  });

  test('is refused where nothing listens', async () => {
    const closed = await serve(recorder([]));
    await closed[Symbol.asyncDispose]();
    await expect(generator.run(options(closed.url))).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the reader of responses', () => {
  const responses = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
      'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n' +
      'HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n' +
      'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n\r\n',
  );

  test('finds every end, wherever the bytes are cut', () => {
    for (let cut = 0; cut <= responses.length; cut += 1) {
      const statuses: number[] = [];
      const reader = new ResponseReader();
      for (const part of [responses.subarray(0, cut), responses.subarray(cut)]) {
        reader.read(part, (status) => statuses.push(status));
      }
      expect(statuses).toEqual([200, 304, 404, 201]);
    }
  });

  test('refuses a response whose end it cannot know', () => {
    const chunked = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    expect(() => new ResponseReader().read(chunked, () => undefined)).toThrow('no Content-Length');
  });
});
