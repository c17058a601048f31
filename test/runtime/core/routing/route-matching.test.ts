/**
 * Route matching through a whole parse, in both cores: precedence, backtracking, methods and equivalent
 * paths.
 */

import { describe, expect, test } from 'vitest';
import * as r from '../../../../assembly/record.ts';
import type { RoutePattern } from '../../../../src/runtime/core/core.ts';
import { methodsInMask } from '../../../../src/runtime/core/method.ts';
import { buildRouteTree } from '../../../../src/runtime/core/routing/route-tree.ts';
import { Bench, CORE_KINDS, LIMITS, parametersOf, word } from '../parser-harness.ts';

const route = (method: string, path: string): RoutePattern => ({ method, path });
const owner = (method: string, path: string): RoutePattern => ({ method, path, ownsPath: true });

const ROUTES: readonly RoutePattern[] = [
  route('GET', '/'),
  route('GET', '/users'),
  route('GET', '/users/me'),
  route('GET', '/users/:id'),
  route('DELETE', '/users/:id'),
  route('GET', '/users/:id/posts/:post'),
  route('GET', '/users/me/settings'),
  route('GET', '/files/*path'),
  route('POST', '/files/upload'),
  route('HEAD', '/head'),
  route('GET', '/head'),
  route('GET', '/a%20b~/:x'),
  route('GET', '/users/:id/*rest'),
  owner('GET', '/users/now'),
  route('POST', '/users/now'),
  owner('GET', '/users/:id/posts'),
];

interface Match {
  readonly route: string | number;
  readonly parameters?: string[];
}

const CASES: Record<string, Match> = {
  'GET /': { route: 'GET /' },
  'GET /users': { route: 'GET /users' },
  'GET /users/me': { route: 'GET /users/me' },
  'GET /users/now': { route: 'GET /users/now' },
  'POST /users/now': { route: 'POST /users/now' },
  'HEAD /users/now': { route: 'GET /users/now' },
  'DELETE /users/now': { route: r.ROUTE_METHOD_NOT_ALLOWED },
  'BREW /users/now': { route: r.ROUTE_METHOD_NOT_ALLOWED },
  'OPTIONS /users/now': { route: r.ROUTE_METHOD_NOT_ALLOWED },
  'GET /users/now/x': { route: 'GET /users/:id/*rest', parameters: ['now', 'x'] },
  'DELETE /users/nowhere': { route: 'DELETE /users/:id', parameters: ['nowhere'] },
  'GET /users/meg': { route: 'GET /users/:id', parameters: ['meg'] },
  'GET /users/m': { route: 'GET /users/:id', parameters: ['m'] },
  'DELETE /users/me': { route: 'DELETE /users/:id', parameters: ['me'] },
  'GET /users/me/posts/7': { route: 'GET /users/:id/posts/:post', parameters: ['me', '7'] },
  'GET /users/me/settings': { route: 'GET /users/me/settings' },
  'GET /users/me/settings/x': { route: 'GET /users/:id/*rest', parameters: ['me', 'settings/x'] },
  'GET /users/': { route: r.ROUTE_NOT_FOUND },
  'GET //users': { route: r.ROUTE_NOT_FOUND },
  'GET /users/a/': { route: 'GET /users/:id/*rest', parameters: ['a', ''] },
  'GET /files/a//b': { route: 'GET /files/*path', parameters: ['a//b'] },
  'GET /files/': { route: 'GET /files/*path', parameters: [''] },
  'GET /files': { route: r.ROUTE_NOT_FOUND },
  'GET /files/upload': { route: 'GET /files/*path', parameters: ['upload'] },
  'POST /files/upload': { route: 'POST /files/upload' },
  'POST /files/other': { route: r.ROUTE_METHOD_NOT_ALLOWED },
  'PUT /users/me': { route: r.ROUTE_METHOD_NOT_ALLOWED },
  'BREW /users': { route: r.ROUTE_METHOD_NOT_ALLOWED },
  'HEAD /users/5': { route: 'GET /users/:id', parameters: ['5'] },
  'HEAD /head': { route: 'HEAD /head' },
  'GET /%75sers/%6de': { route: 'GET /users/me' },
  'GET /users/%6d%2f%c3%A9': { route: 'GET /users/:id', parameters: ['%6d%2f%c3%A9'] },
  'GET /%75sers/%61/posts/b%7E%2c': { route: 'GET /users/:id/posts/:post', parameters: ['%61', 'b%7E%2c'] },
  'GET /a%20b%7e/y': { route: 'GET /a%20b~/:x', parameters: ['y'] },
  'GET /users%2fme': { route: r.ROUTE_NOT_FOUND },
  'GET /users/..': { route: r.ROUTE_NOT_FOUND },
  'GET /users/%2E': { route: r.ROUTE_NOT_FOUND },
  'GET /users/...': { route: 'GET /users/:id', parameters: ['...'] },
  'GET /files/a/../b': { route: r.ROUTE_NOT_FOUND },
  'GET /files/a/%2e%2E': { route: r.ROUTE_NOT_FOUND },
  'GET http://h': { route: 'GET /' },
  'OPTIONS *': { route: r.ROUTE_METHOD_NOT_ALLOWED },
  'CONNECT h:1': { route: r.ROUTE_NOT_FOUND },
};

describe.each(CORE_KINDS)('the routes of the %s core', (kind) => {
  const bench = new Bench(kind, ROUTES);
  const request = (line: string) => bench.feed(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const allowed = (line: string) => methodsInMask(word(request(line), r.ALLOWED));

  test.each(Object.entries(CASES))('%s', (line, expected) => {
    const answer = request(line);
    const number = word(answer, r.ROUTE);
    const found = ROUTES[number];
    expect(found === undefined ? number : `${found.method} ${found.path}`).toBe(expected.route);
    expect(parametersOf(answer)).toEqual(expected.parameters ?? []);
  });

  test('give the methods of all routes with the path, or of the one that owns it', () => {
    expect(allowed('PUT /users/me')).toEqual(['GET', 'HEAD', 'DELETE', 'OPTIONS']);
    expect(allowed('PUT /files/upload')).toEqual(['GET', 'HEAD', 'POST', 'OPTIONS']);
    expect(allowed('DELETE /users/now')).toEqual(['GET', 'HEAD', 'POST', 'OPTIONS']);
    expect(allowed('POST /users/7/posts')).toEqual(['GET', 'HEAD', 'OPTIONS']);
    expect(allowed('OPTIONS *')).toEqual(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']);
    expect(allowed('GET /nowhere')).toEqual([]);
  });

  test('can have more children at a node than one block holds', () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
    const wide = new Bench(
      kind,
      letters.map((letter) => route('GET', `/${letter}-long-label-${letter}`)),
    );
    for (const [number, letter] of letters.entries()) {
      const answer = wide.feed(`GET /${letter}-long-label-${letter} HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(word(answer, r.ROUTE)).toBe(number);
    }
  });

  test('are refused if they do not fit into the region', () => {
    const many = Array.from({ length: 5000 }, (_, i) => route('GET', `/${i}/a/:b/c/${i}`));
    if (kind === 'wasm') expect(() => new Bench(kind, many)).toThrow('do not fit');
    else expect(() => new Bench(kind, many)).not.toThrow();
  });

  test('can have sixteen parameters', () => {
    const path = Array.from({ length: 16 }, (_, i) => `/:p${i}`).join('');
    const deep = new Bench(kind, [route('GET', path)], LIMITS);
    const answer = deep.feed(`GET ${'/x'.repeat(16)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(parametersOf(answer)).toEqual(Array(16).fill('x'));
  });
});

describe('a table of routes is refused', () => {
  test.each([
    ['with a malformed pattern, which it names', [route('GET', '/a b')], 'route GET /a b: '],
    ['when a pattern is there twice', [route('GET', '/:a'), route('GET', '/:b')], 'same method and path'],
    [
      'when an equivalent pattern is there',
      [route('GET', '/~'), route('GET', '/%7e')],
      'same method and path',
    ],
    ['with an unknown method', [route('BREW', '/a')], 'method'],
  ])('%s', (_, routes, message) => {
    expect(() => buildRouteTree(routes)).toThrow(message);
  });
});
