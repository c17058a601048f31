import { describe, expect, test } from 'vitest';
import { parseRoutePath, RoutePatternError } from '../../../../src/runtime/core/routing/route-pattern.ts';

const parameters = (count: number) => `/${Array.from({ length: count }, (_, i) => `:p${i}`).join('/')}`;

describe('parseRoutePath', () => {
  test('parseRoutePath reads static segments, parameters and a wildcard in their order', () => {
    expect(parseRoutePath('/users/:id/files/*rest')).toEqual({
      segments: [
        { kind: 'static', text: 'users' },
        { kind: 'parameter', name: 'id' },
        { kind: 'static', text: 'files' },
        { kind: 'wildcard', name: 'rest' },
      ],
      parameterNames: ['id', 'rest'],
      shape: '/users/:/files/*',
    });
  });

  test('brings static text into the normal form in which requests are matched', () => {
    expect(parseRoutePath('/%7Ea%c3%a9%2f').shape).toBe('/~a%C3%A9%2F');
  });

  test('two patterns that match the same requests have one shape', () => {
    expect(parseRoutePath('/~/:id').shape).toBe(parseRoutePath('/%7e/:name').shape);
    expect(parseRoutePath('/a/:id').shape).not.toBe(parseRoutePath('/a/*id').shape);
  });

  test('parseRoutePath takes "/", a slash at the end, 16 parameters and 64 segments', () => {
    for (const path of ['/', '/vms/', parameters(16), '/a'.repeat(64)]) {
      expect(() => parseRoutePath(path), path).not.toThrow();
    }
  });

  test.each([
    ['', 'begin with "/"'],
    ['vms', 'begin with "/"'],
    ['*', 'begin with "/"'],
    [undefined as never, 'begin with "/"'],
    ['/a//b', 'empty segment'],
    ['//', 'empty segment'],
    ['/a/../b', 'resolve ".."'],
    ['/.', 'resolve "."'],
    ['/%2e', 'resolve "%2e"'],
    ['/:', 'needs a name'],
    ['/:1a', 'needs a name'],
    ['/:a-b', 'needs a name'],
    ['/*', 'needs a name'],
    ['/*rest/more', 'must be the last'],
    ['/vms:start', 'begin a segment'],
    ['/v*', 'begin a segment'],
    ['/a?b=1', 'percent-encoded'],
    ['/a#b', 'percent-encoded'],
    ['/a b', 'percent-encoded'],
    ['/ä', 'percent-encoded'],
    ['/a\r\nb', 'percent-encoded'],
    ['/%4', 'malformed'],
    ['/%zz', 'malformed'],
    ['/:a/:a', 'same name'],
    ['/:a/*a', 'same name'],
    [parameters(17), 'more than 16'],
    ['/a'.repeat(65), 'more than 64 segments'],
  ])('parseRoutePath refuses %j: %s', (path, why) => {
    expect(() => parseRoutePath(path)).toThrow(RoutePatternError);
    expect(() => parseRoutePath(path)).toThrow(why);
  });
});
