/** From the bytes of a request to the bytes of its response, with a real core and the real router. */
import { describe, expect, test } from 'vitest';
import { PARSE_COMPLETE } from '../../../assembly/record.ts';
import { createCore } from '../../../src/runtime/core/create-core.ts';
import { ParseRecord } from '../../../src/runtime/core/parse-record.ts';
import { IncomingRequest } from '../../../src/runtime/http/request/incoming-request.ts';
import { OutgoingResponse } from '../../../src/runtime/http/response/outgoing-response.ts';
import { encodeHead } from '../../../src/runtime/http/response/response-head.ts';
import { Router } from '../../../src/runtime/http/routing/router.ts';

const PAGES = 64;
const REGION_ADDRESS = 65_536;
const REGION_BYTES = 1_048_576;
const ADDRESS = 2_097_152;
const LIMITS = { maxHeaderBytes: 16_384, maxTargetBytes: 8192, maxBodyBytes: 1_048_576 };

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

function registerAll(router: Router): void {
  router
    .get('/params/:a/:b', (request, response) => response.json({ ...request.parameters }))
    .get('/files/*path', (request, response) => response.json({ path: request.parameter('path') }))
    .get('/query', (request, response) => response.json(request.query.toObject()))
    .post('/echo', (request, response) => response.bytes(request.bytes(), request.header('content-type')))
    .post('/json', (request, response) => response.json(request.json()))
    .get('/headers', async (request, response) => {
      await later();
      response.json(request.headers);
    });
}

function serve(kind: 'js' | 'wasm') {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const core = createCore(kind, {
    memory,
    regionAddress: REGION_ADDRESS,
    regionBytes: REGION_BYTES,
    limits: LIMITS,
  });
  const router = new Router();
  registerAll(router);
  const errors: unknown[] = [];
  const pipeline = router.compile((error) => errors.push(error));
  core.loadRoutes(pipeline.routes);
  const bytes = Buffer.from(memory.buffer);

  /** @param address where the request lies, so that two can be in process simultaneously */
  return async function answer(raw: string, address = ADDRESS): Promise<string> {
    bytes.write(raw, address, 'latin1');
    core.record.fill(0, 0, 9);
    expect(core.parse(address, raw.length)).toBe(PARSE_COMPLETE);
    const request = new IncomingRequest({
      record: new ParseRecord(core.record),
      bytes,
      address,
      remoteAddress: '::1',
    });
    const isHead = request.method === 'HEAD';
    const versionMinor = request.httpVersion === '1.0' ? 0 : 1;
    const { keepAlive } = request;
    const response = new OutgoingResponse(request);
    const pending = pipeline.run(request, response);
    if (pending !== undefined) request.detach();
    await pending;
    request.end();
    bytes.fill('X', address, address + raw.length);
    expect(errors).toEqual([]);
    const body = Buffer.from((response.body as string | Uint8Array | null) ?? '');
    const head = encodeHead(response, { isHead, keepAlive, versionMinor, bodyLength: body.length });
    return head.replace(/Date: .*\r\n/, '') + (isHead ? '' : body.toString('latin1'));
  };
}

describe.each(['js', 'wasm'] as const)('with the core "%s"', (kind) => {
  const answer = serve(kind);
  const get = (target: string, method = 'GET') =>
    answer(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);

  test('parameters are split first, then decoded once', async () => {
    expect(await get('/params/a%2Fb/%2541')).toMatch(/\r\n\r\n{"a":"a\/b","b":"%41"}$/);
    expect(await get("/params/!$&'()*+,;=/:@")).toMatch(/\r\n\r\n{"a":"!\$&'\(\)\*\+,;=","b":":@"}$/);
    expect(await get('/params/__proto__/constructor')).toMatch(/{"a":"__proto__","b":"constructor"}$/);
    expect(await get('/files/a/b%20c/d')).toMatch(/{"path":"a\/b c\/d"}$/);
  });

  test('the query is found in every form of the request target', async () => {
    expect(await get('/query?a=1&b=x+y')).toMatch(/{"a":"1","b":"x y"}$/);
    expect(await get('http://localhost/query?a=1')).toMatch(/{"a":"1"}$/);
    expect(await get('/query?')).toMatch(/\r\n\r\n{}$/);
    expect(await get('/query')).toMatch(/\r\n\r\n{}$/);
  });

  test('HEAD is answered with the head of GET', async () => {
    const [head] = (await get('/query?a=1')).split(/(?<=\r\n\r\n)/);
    expect(await get('/query?a=1', 'HEAD')).toBe(head);
  });

  test('404, 405 and OPTIONS are distinguished', async () => {
    expect(await get('/nope')).toMatch(/^HTTP\/1\.1 404 .*"instance":"\/nope"}$/s);
    expect(await get('/nope', 'BREW')).toMatch(/^HTTP\/1\.1 404 /);
    for (const method of ['DELETE', 'TRACE', 'BREW', 'get']) {
      expect(await get('/query', method)).toMatch(/^HTTP\/1\.1 405 .*\r\nAllow: GET, HEAD, OPTIONS\r\n/s);
    }
    expect(await get('/echo', 'OPTIONS')).toBe('HTTP/1.1 204 No Content\r\nAllow: POST, OPTIONS\r\n\r\n');
    expect(await get('*', 'OPTIONS')).toBe(
      'HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, OPTIONS\r\n\r\n',
    );
  });

  test('bodies arrive whole, chunked or not', async () => {
    const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n';
    const expected = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nh\xe9llo';
    expect(await answer(`${head}Content-Length: 5\r\n\r\nh\xe9llo`)).toBe(expected);
    expect(
      await answer(`${head}Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nh\xe9\r\n3\r\nllo\r\n0\r\n\r\n`),
    ).toBe(expected);
  });

  test('JSON is read, or refused for its media type or its syntax', async () => {
    const json = (type: string, body: string) =>
      answer(
        `POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    expect(await json('application/json', '{"a":[1]}')).toMatch(/\r\n\r\n{"a":\[1]}$/);
    expect(await json('text/plain', '{}')).toMatch(/^HTTP\/1\.1 415 /);
    expect(await json('application/json', '{')).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a request for a JSON route is 411 without a length, and 400 with an empty body', async () => {
    const head = 'POST /json HTTP/1.1\r\nHost: a\r\n';
    for (const type of ['', 'Content-Type: application/json\r\n', 'Content-Type: text/plain\r\n']) {
      expect(await answer(`${head}${type}\r\n`)).toMatch(/^HTTP\/1\.1 411 (?!.*Connection: close)/s);
    }
    expect(await answer(`${head}Content-Length: 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await answer(`${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('two asynchronous handlers on one worker each keep their own headers', async () => {
    const raw = (text: string) =>
      `GET /headers HTTP/1.1\r\nHost: a\r\nX-Mine: ${text}\r\nX-Mine: too\r\n\r\n`;
    const answers = await Promise.all([
      answer(raw('first'), ADDRESS),
      answer(raw('the second, longer'), ADDRESS + 4096),
      answer(raw('3'), ADDRESS + 8192),
    ]);
    expect(answers.map((text) => JSON.parse(text.slice(text.indexOf('{'))))).toEqual([
      { host: 'a', 'x-mine': 'first, too' },
      { host: 'a', 'x-mine': 'the second, longer, too' },
      { host: 'a', 'x-mine': '3, too' },
    ]);
  });

  test('a response to an HTTP/1.0 client says whether the connection persists', async () => {
    expect(await answer('GET /query HTTP/1.0\r\n\r\n')).toMatch(/\r\nConnection: close\r\n\r\n/);
    expect(await answer('GET /query HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')).toMatch(
      /\r\nConnection: keep-alive\r\n\r\n/,
    );
    expect(await answer('GET /query HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /\r\nConnection: close\r\n\r\n/,
    );
  });
});
