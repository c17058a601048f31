/** From the bytes of a request to the bytes of its response, with a real core and the real router. */
import { describe, expect, test } from 'vitest';
import type { Router } from '../../../src/runtime/http/routing/router.ts';
import { ADDRESS, serve } from './support/with-core.ts';

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

describe.each(['js', 'wasm'] as const)('with the core "%s"', (kind) => {
  const { answer } = serve(registerAll, kind);
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
