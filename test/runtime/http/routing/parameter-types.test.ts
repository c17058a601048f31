/** The types of parameters. `npm run check` enforces these lines: what must not compile does not. */
import { expectTypeOf, test } from 'vitest';
import type { Handler, Middleware, ParameterName, Request } from '../../../../src/runtime/application.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';

test('the names of the parameters are read from the path', () => {
  expectTypeOf<ParameterName<'/'>>().toEqualTypeOf<never>();
  expectTypeOf<ParameterName<'/api/vms'>>().toEqualTypeOf<never>();
  expectTypeOf<ParameterName<'/api/vms/:id'>>().toEqualTypeOf<'id'>();
  expectTypeOf<ParameterName<'/:a/b/:c/*rest'>>().toEqualTypeOf<'a' | 'c' | 'rest'>();
  expectTypeOf<ParameterName<'/files/*path'>>().toEqualTypeOf<'path'>();
  expectTypeOf<ParameterName<'/:id/'>>().toEqualTypeOf<'id'>();
});

test('a path that is not known before run time may have any parameter', () => {
  expectTypeOf<ParameterName<string>>().toEqualTypeOf<string>();
  expectTypeOf<ParameterName<`/vms/:id/${string}`>>().toEqualTypeOf<string>();
  const readsId: Handler<'id'> = (request, response) => response.text(request.parameter('id'));
  new Router()
    .get('/a/:id' as string, (request, response) => response.text(request.parameter('id')))
    .get('/b/:id' as string, readsId);
});

test('one of several paths has only the parameters that all of them have', () => {
  expectTypeOf<ParameterName<'/a/:id/:x' | '/b/:id'>>().toEqualTypeOf<'id'>();
});

test('a handler in place reads the parameters of its route, and no other', () => {
  const router = new Router();
  router.get('/vms/:id', (request, response) => {
    expectTypeOf(request.parameter).parameter(0).toEqualTypeOf<'id'>();
    expectTypeOf(request.parameters).toEqualTypeOf<Readonly<Record<'id', string>>>();
    response.text(request.parameter('id'));
  });
  // @ts-expect-error The route has no such parameter.
  router.get('/misspelt/:id', (request, response) => response.text(request.parameter('idd')));
  // @ts-expect-error Nor has it one in its record.
  router.post('/misspelt/:id', (request, response) => response.text(request.parameters.idd));
  // @ts-expect-error A route without parameters has none.
  router.get('/none', (request, response) => response.text(request.parameter('id')));
  router.get('/files/*path', (request, response) => response.text(request.parameter('path')));
  // @ts-expect-error The name does not begin with the star.
  router.put('/files/*path', (request, response) => response.text(request.parameter('*path')));
  for (const method of ['get', 'delete'] as const) {
    router[method]('/each/:id', (request, response) => response.text(request.parameter('id')));
    // @ts-expect-error The same if the method is one of several.
    router[method]('/each/misspelt/:id', (request, response) => response.text(request.parameter('idd')));
  }
});

test('middleware of a route reads the parameters of the route', () => {
  const router = new Router();
  const answer: Handler = (_request, response) => response.empty();
  const readsId: Middleware<'id'> = (request) => void request.parameter('id');
  router.get('/vms/:id', readsId, answer);
  // @ts-expect-error The route has no parameter "id".
  router.get('/users/:name', readsId, answer);
  // @ts-expect-error Global middleware runs on every path.
  router.use(readsId);
  // @ts-expect-error It cannot know a parameter.
  router.use((request) => void request.parameter('id'));
});

test('a handler declared apart says which parameters it reads, and fits the routes that have them', () => {
  const router = new Router();
  const read: Handler<'id'> = (request, response) => response.text(request.parameter('id'));
  router.get('/vms/:id', read);
  router.get('/users/:user/vms/:id', read);
  router.get('/rest/*id', read);
  // @ts-expect-error There is no parameter "id".
  router.get('/users/:name', read);
  // @ts-expect-error There is no parameter at all.
  router.get('/vms', read);
  const readsNone: Handler = (_request, response) => response.empty();
  router.get('/any/:id', readsNone);
  // @ts-expect-error A handler that names no parameter may read none.
  const undeclared: Handler = (request, response) => response.text(request.parameter('id'));
  // @ts-expect-error Nor may a function of a request without names.
  const helper = (request: Request): string => request.parameter('id');
  expectTypeOf(undeclared).toBeFunction();
  expectTypeOf(helper).toBeFunction();
});
