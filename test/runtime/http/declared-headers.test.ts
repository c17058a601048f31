/** Headers that an application declares for all answers, or for those of a route. */
import { describe, expect, test } from 'vitest';
import type { Router } from '../../../src/runtime/application.ts';
import { HttpProblem } from '../../../src/runtime/http/problem.ts';
import { OutgoingResponse } from '../../../src/runtime/http/response/outgoing-response.ts';
import { Router as RouterOfRuntime } from '../../../src/runtime/http/routing/router.ts';
import { fakeRequest } from './support/fake-request.ts';

const ALL = { 'X-Content-Type-Options': 'nosniff' };
const ROUTE = { 'Cache-Control': 'private, no-cache' };
const BOTH = { 'x-content-type-options': 'nosniff', 'cache-control': 'private, no-cache' };

function routes(router: Router): void {
  router.headers(ALL);
  router.get('/private', { headers: ROUTE }, (request, response) => {
    const wanted = request.query.get('answer');
    if (wanted === 'problem') throw new HttpProblem(409, 'No.', { headers: { 'Cache-Control': 'no-store' } });
    if (wanted === 'defect') throw new Error('a defect');
    if (wanted === 'own') response.header('cache-control', 'no-store').removeHeader('X-Content-Type-Options');
    if (wanted === 'own-then-defect') {
      response.header('Cache-Control', 'max-age=9').removeHeader('X-Content-Type-Options');
      throw new Error('a defect');
    }
    if (wanted === 'nothing') return;
    response.header('ETag', '"1"').json({});
  });
  router.get('/public', (_request, response) => response.json({}));
  router.constant('/constant', { status: 'ok' });
  router.get('/other', { headers: { 'x-content-type-options': 'other' } }, (_request, response) =>
    response.json({}),
  );
}

const PRIVATE = 0;
const PUBLIC = 1;
const CONSTANT = 2;
const OTHER = 3;
const NO_ROUTE = -1;

function open() {
  const router = new RouterOfRuntime();
  routes(router);
  return router.compile(() => {});
}

function ask(routeNumber: number, target = '/', fields = '', refusal?: HttpProblem) {
  const { request } = fakeRequest(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`, { routeNumber });
  const response = new OutgoingResponse(request);
  const pipeline = open();
  if (refusal === undefined) pipeline.run(request, response);
  else pipeline.refuse(request, response, refusal);
  return response;
}

function declaredIn(response: OutgoingResponse): Record<string, string> {
  const fields = [...response.headers].map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(fields.filter(([name]) => name in BOTH));
}

describe('an answer has the headers that were declared', () => {
  test.each([
    ['200', PRIVATE, '/', '', BOTH],
    ['304', PRIVATE, '/', 'If-None-Match: "1"\r\n', BOTH],
    ['412', PRIVATE, '/', 'If-Match: "2"\r\n', BOTH],
    ['500 of a defect', PRIVATE, '/?answer=defect', '', BOTH],
    ['500 of a defect after others were set', PRIVATE, '/?answer=own-then-defect', '', BOTH],
    ['500 of a handler that does not answer', PRIVATE, '/?answer=nothing', '', BOTH],
    ['409 with its own', PRIVATE, '/?answer=problem', '', { ...BOTH, 'cache-control': 'no-store' }],
    ['200 with its own', PRIVATE, '/?answer=own', '', { 'cache-control': 'no-store' }],
    ['200 of a route without any', PUBLIC, '/', '', { 'x-content-type-options': 'nosniff' }],
    ['200 of a route with another', OTHER, '/', '', { 'x-content-type-options': 'other' }],
    ['404 without a route', NO_ROUTE, '/', '', { 'x-content-type-options': 'nosniff' }],
    ['a constant answer, which has none', CONSTANT, '/', '', {}],
  ])('%s', (_name, route, target, fields, expected) => {
    expect(declaredIn(ask(route, target, fields))).toEqual(expected);
  });

  test('413 before the route has seen it', () => {
    const refusal = new HttpProblem(413, 'Too large.');
    expect(declaredIn(ask(PRIVATE, '/', '', refusal))).toEqual(BOTH);
    expect(declaredIn(ask(NO_ROUTE, '/', '', refusal))).toEqual({ 'x-content-type-options': 'nosniff' });
  });

  test('504 in the place of what the handler has begun', () => {
    const response = ask(PRIVATE, '/?answer=own');
    response.becomeProblem(new HttpProblem(504, 'Too late.'));
    expect(declaredIn(response)).toEqual(BOTH);
  });
});

test('the main thread learns the headers of all answers', () => {
  expect(open().declarations.headers).toEqual(ALL);
});

test.each([
  { 'Content-Length': '1' },
  { Connection: 'close' },
  { 'Content-Type': 'a/b' },
  { 'A b': 'c' },
  { A: 'b\r\nC: d' },
])('what cannot stand in every answer is refused when it is declared: %j', (headers) => {
  expect(() => new RouterOfRuntime().headers(headers as Record<string, string>)).toThrow();
  const router = new RouterOfRuntime().get('/', { headers: headers as Record<string, string> }, () => {});
  expect(() => router.compile(() => {})).toThrow();
});
