import { expect, expectTypeOf, test } from 'vitest';
import type { Handler, Middleware, RouteGroup } from '../../../../src/runtime/application.ts';
import { RouterError } from '../../../../src/runtime/http/application-errors.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';

const handler: Handler = (_request, response) => response.empty();
const ignoreErrors = () => {};

function errorOf(action: () => unknown): RouterError {
  try {
    action();
  } catch (error) {
    if (error instanceof RouterError) return error;
    throw error;
  }
  throw new Error('expected a RouterError');
}

test('the paths of a group begin with its prefix, and groups nest', () => {
  const router = new Router()
    .get('/before', handler)
    .group('/api', (api) => {
      api
        .get('', handler)
        .post('/', handler)
        .group('/vms/:id', handler, (vm) => {
          vm.get('', handler).put('/disks/:disk', handler).get('/files/*path', handler);
        })
        .delete('/vms', handler);
    })
    .get('/after', handler);
  expect(router.compile(ignoreErrors).routes).toEqual([
    { method: 'GET', path: '/before' },
    { method: 'GET', path: '/api' },
    { method: 'POST', path: '/api/' },
    { method: 'GET', path: '/api/vms/:id' },
    { method: 'PUT', path: '/api/vms/:id/disks/:disk' },
    { method: 'GET', path: '/api/vms/:id/files/*path' },
    { method: 'DELETE', path: '/api/vms' },
    { method: 'GET', path: '/after' },
  ]);
});

test('a prefix that no path can go on from is refused', () => {
  for (const [prefix, reason] of [
    ['', 'The route path "" is invalid: it must begin with "/"'],
    ['api', 'The route path "api" is invalid: it must begin with "/"'],
    ['/', 'The prefix "/" of a group cannot end with "/"'],
    ['/api/', 'The prefix "/api/" of a group cannot end with "/"'],
    ['/api//v1', 'has an empty segment'],
    ['/files/*path', 'The prefix "/files/*path" of a group cannot have a wildcard'],
    ['/:', '":" needs a name'],
  ] as const) {
    const error = errorOf(() => new Router().group(prefix, () => {}));
    expect(error.code, prefix).toBe('ERR_ROUTE_PATTERN');
    expect(error.message).toContain(reason);
  }
});

test('the errors of a route in a group name its whole path', () => {
  const inGroup = (register: (group: RouteGroup<'/api/:id'>) => void) =>
    errorOf(() => new Router().get('/api/:name/x', handler).group('/api/:id', register));
  expect(inGroup((api) => api.get('/x', handler)).message).toContain(
    'GET /api/:id/x matches the same requests as GET /api/:name/x',
  );
  expect(inGroup((api) => api.get('/:id', handler)).message).toContain(
    '"/api/:id/:id" is invalid: two of its parameters have the same name',
  );
  expect(inGroup((api) => api.get('/y', 1 as never)).message).toBe(
    'Handler 1 of GET /api/:id/y must be a function, not number',
  );
  expect(inGroup((api) => api.get('y', handler)).message).toBe(
    'The route path "y" is invalid: it must begin with "/"',
  );
});

test('a group takes functions, the last of which registers its routes at once', () => {
  const group: (...rest: readonly unknown[]) => RouterError = (...rest) =>
    errorOf(() => Reflect.apply(Router.prototype.group, new Router(), ['/api', ...rest]));
  expect(group().message).toBe('The last argument of the group /api must be a function, not undefined');
  expect(group('x', () => {}).message).toBe('Middleware 1 of the group /api must be a function, not string');
  expect(group(async () => {}).message).toBe('The group /api must register its routes synchronously');
  expect(group().code).toBe('ERR_ROUTE_HANDLER');
});

test('a group that was kept takes no routes after they are compiled', () => {
  const kept: RouteGroup<'/api'>[] = [];
  const router = new Router().group('/api', (api) => {
    kept.push(api);
  });
  router.compile(ignoreErrors);
  expect(errorOf(() => kept[0]?.get('/late', handler)).code).toBe('ERR_ROUTER_COMPILED');
  expect(errorOf(() => kept[0]?.group('/late', () => {})).message).toContain('the group /api/late');
});

test('handlers and middleware of a group read the parameters of the prefix, which must not be misspelt', () => {
  const readsId: Middleware<'id'> = (request) => void request.parameter('id');
  const router = new Router();
  router.group('/api/vms/:id', readsId, (vm) => {
    vm.get('', (request, response) => {
      expectTypeOf(request.parameter).parameter(0).toEqualTypeOf<'id'>();
      response.text(request.parameter('id'));
    });
    // @ts-expect-error Neither the prefix nor the path has such a parameter.
    vm.get('/misspelt/:disk', (request, response) => response.text(request.parameter('disc')));
    vm.group('/disks/:disk', (disk) => {
      disk.get('/*path', readsId, (request, response) => {
        expectTypeOf(request.parameter).parameter(0).toEqualTypeOf<'id' | 'disk' | 'path'>();
        response.text(request.parameter('disk'));
      });
    });
  });
  // @ts-expect-error The prefix has no parameter "id", whatever the paths after it have.
  router.group('/api/users', readsId, (users) => void users.get('/:id', handler));
  // @ts-expect-error The same in place.
  router.group('/disks', (request) => void request.parameter('id'), emptyGroup);
});

function emptyGroup(): void {}
