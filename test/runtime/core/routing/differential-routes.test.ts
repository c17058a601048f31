/**
 * Random route tables and paths through both cores, against a matcher that is slow and plain enough to be
 * read. It tries the segments one by one, static before parameter before wildcard.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as r from '../../../../assembly/record.ts';
import type { RoutePattern } from '../../../../src/runtime/core/core.ts';
import { Arena, CONTRACT_LIMITS } from '../../../fuzz/arena.ts';
import { checkCoresAgree, checkGuards } from '../../../fuzz/checks.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const STATIC_SEGMENTS = ['a', 'ab', 'abc', 'b', 'ba', 'vms', 'vm', 'a.b', 'x-y'];

const patternSegment = fc.oneof(fc.constantFrom(...STATIC_SEGMENTS), fc.constant(':'));
const pattern = fc
  .tuple(fc.array(patternSegment, { maxLength: 5 }), fc.nat({ max: 5 }))
  .map(([segments, ending]) => (ending === 0 ? [...segments, '*'] : segments))
  .map(
    (segments) =>
      `/${segments.map((segment, i) => (segment === ':' || segment === '*' ? `${segment}p${i}` : segment)).join('/')}`,
  );

const table: fc.Arbitrary<RoutePattern[]> = fc.uniqueArray(
  fc.record({
    method: fc.constantFrom(...METHODS),
    path: pattern,
    ownsPath: fc.nat({ max: 4 }).map((number) => number === 0),
  }),
  { maxLength: 40, selector: ({ method, path }) => `${method} ${path}` },
);

const pathSegment = fc.oneof(
  fc.constantFrom(...STATIC_SEGMENTS),
  fc.constantFrom('', 'c', 'abcd', '%61b', '%2F', 'a%62c', '..', 'p0'),
);
const requestPath = fc.array(pathSegment, { maxLength: 7 }).map((segments) => `/${segments.join('/')}`);

interface Match {
  readonly pattern: string;
  readonly parameters: readonly string[];
}

/** Every pattern that the path matches, the most specific first. */
function matches(patterns: readonly string[], path: string): Match[] {
  const step = (
    candidates: readonly (readonly string[])[],
    rest: readonly string[],
    depth: number,
  ): Match[] => {
    const [segment, ...others] = rest;
    if (segment === undefined) {
      const ended = candidates.filter((candidate) => candidate.length === depth);
      return ended
        .slice(0, 1)
        .map((candidate) => ({ pattern: shape(`/${candidate.join('/')}`), parameters: [] }));
    }
    const literal = candidates.filter((candidate) => candidate[depth] === decodeUnreserved(segment));
    const parametric = candidates.filter((candidate) => candidate[depth]?.startsWith(':') && segment !== '');
    const wild = candidates.filter((candidate) => candidate[depth]?.startsWith('*'));
    return [
      ...(literal.length > 0 ? step(literal, others, depth + 1) : []),
      ...(parametric.length > 0 ? step(parametric, others, depth + 1) : []).map((below) => ({
        ...below,
        parameters: [segment, ...below.parameters],
      })),
      ...wild
        .slice(0, 1)
        .map((candidate) => ({ pattern: shape(`/${candidate.join('/')}`), parameters: [rest.join('/')] })),
    ];
  };
  const segments = patterns.map((pattern) => pattern.slice(1).split('/'));
  return step(segments, path.slice(1).split('/'), 0);
}

function decodeUnreserved(segment: string): string {
  return segment.replace(/%6([12])/g, (_, digit: string) => (digit === '1' ? 'a' : 'b'));
}

/** Parameter names do not make patterns different for a path. */
function shape(path: string): string {
  return path.replace(/(?<=\/[:*])p\d/g, '');
}

/** The most specific match that has the method decides. GET answers HEAD if nothing else does. */
function expectedRoute(
  routes: readonly RoutePattern[],
  method: string,
  path: string,
): [route: number, parameters: readonly string[]] {
  const found = matches([...new Set(routes.map((route) => route.path))], path);
  for (const { pattern, parameters } of found) {
    const numberOf = (name: string): number =>
      routes.findIndex((route) => route.method === name && shape(route.path) === pattern);
    const own = numberOf(method);
    const number = own < 0 && method === 'HEAD' ? numberOf('GET') : own;
    if (number >= 0) return [number, parameters];
    const isOwned = routes.some(({ path, ownsPath }) => ownsPath === true && shape(path) === pattern);
    if (isOwned) break;
  }
  return [found.length > 0 ? r.ROUTE_METHOD_NOT_ALLOWED : r.ROUTE_NOT_FOUND, []];
}

function parametersOf({ record, bytes }: { record: Int32Array; bytes: Buffer }): string[] {
  return Array.from({ length: record[r.PARAMETER_COUNT] ?? 0 }, (_, i) => {
    const start = record[r.PARAMETERS + 2 * i] ?? 0;
    return bytes.toString('latin1', start, start + (record[r.PARAMETERS + 2 * i + 1] ?? 0));
  });
}

describe('route matching', () => {
  it('is the same in both cores and in a plain matcher', () => {
    fc.assert(
      fc.property(
        table,
        fc.array(fc.tuple(fc.constantFrom(...METHODS), requestPath), { minLength: 1, maxLength: 30 }),
        (routes, asked) => {
          const arena = new Arena(CONTRACT_LIMITS, routes);
          for (const [method, path] of asked) {
            if (/\/\.\.(?:\/|$)/.test(path)) continue;
            const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
            checkCoresAgree(arena, bytes);
            const { record } = arena.wasm;
            const [route, parameters] = expectedRoute(routes, method, path);
            expect([method, path, record[r.ROUTE]]).toEqual([method, path, route]);
            if (route >= 0) expect(parametersOf({ record, bytes })).toEqual(parameters);
          }
          checkGuards(arena);
        },
      ),
      { seed: 42, numRuns: 300 },
    );
  });
});
