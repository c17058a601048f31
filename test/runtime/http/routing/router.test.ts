import { expect, test } from 'vitest';
import { RouterError } from '../../../../src/runtime/http/application-errors.ts';
import type { Handler } from '../../../../src/runtime/http/routing/handler.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';

const handler: Handler = (_request, response) => response.empty();
const ignoreErrors = () => {};

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof RouterError) return error.code;
    throw error;
  }
  throw new Error('expected a RouterError');
}

test('routes are numbered in the order of their registration, and all methods chain', () => {
  const router = new Router()
    .use(handler)
    .get('/', handler)
    .post('/vms/:id/start', handler, handler)
    .put('/a-b_c~d.e', handler)
    .patch('/vms/:id', handler)
    .delete('/vms/:id', handler)
    .head('/files/*path', handler)
    .options('/vms/', handler);
  expect(router.compile(ignoreErrors).routes).toEqual([
    { method: 'GET', path: '/' },
    { method: 'POST', path: '/vms/:id/start' },
    { method: 'PUT', path: '/a-b_c~d.e' },
    { method: 'PATCH', path: '/vms/:id' },
    { method: 'DELETE', path: '/vms/:id' },
    { method: 'HEAD', path: '/files/*path' },
    { method: 'OPTIONS', path: '/vms/' },
  ]);
});

test('a refused path throws a RouterError', () => {
  expect(codeOf(() => new Router().get('/vms/:', handler))).toBe('ERR_ROUTE_PATTERN');
  expect(() => new Router().get('/vms/:', handler)).toThrow(
    'The route path "/vms/:" is invalid: ":" needs a name',
  );
});

test('two routes that match the same requests are refused, whatever the names of their parameters are', () => {
  const router = new Router().get('/vms/:id', handler).get('/vms/new', handler).delete('/vms/:id', handler);
  expect(codeOf(() => router.get('/vms/:name', handler))).toBe('ERR_ROUTE_DUPLICATE');
  expect(() => router.get('/vms/:name', handler)).toThrow('GET /vms/:id');
  router.get('/~', handler);
  expect(
    codeOf(() => router.get('/%7e', handler)),
    'equivalent paths',
  ).toBe('ERR_ROUTE_DUPLICATE');
});

test('a handler that is not a function is refused when it is registered', () => {
  expect(codeOf(() => new Router().get('/', undefined as never))).toBe('ERR_ROUTE_HANDLER');
  expect(codeOf(() => new Router().get('/', handler, {} as never))).toBe('ERR_ROUTE_HANDLER');
  expect(codeOf(() => new Router().use(handler, null as never))).toBe('ERR_ROUTE_HANDLER');
  expect(codeOf(() => new Router().finish('x' as never))).toBe('ERR_ROUTE_HANDLER');
  const get: (path: string) => unknown = (path) => Reflect.apply(new Router().get, undefined, [path]);
  expect(codeOf(() => get('/'))).toBe('ERR_ROUTE_HANDLER');
});

test('registering a route after the routes are compiled is refused', () => {
  const router = new Router().get('/', handler);
  const pipeline = router.compile(ignoreErrors);
  for (const register of [
    () => router.get('/late', handler),
    () => router.use(handler),
    () => router.finish(handler),
    () => router.compile(ignoreErrors),
  ]) {
    expect(codeOf(register)).toBe('ERR_ROUTER_COMPILED');
    expect(register).toThrow('routes are compiled');
  }
  expect(pipeline.routes).toHaveLength(1);
  expect(Object.isFrozen(pipeline.routes)).toBe(true);
});
