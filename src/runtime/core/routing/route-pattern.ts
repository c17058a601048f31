/**
 * Reads the path of a route. Only this file knows the syntax of patterns. The router calls it when a route is
 * registered, so that a mistake is reported before a server listens. The route tree is built from its result.
 */

import { MAX_PARAMETERS } from '../../../../assembly/record.ts';
import { CLASSES, PATH, PERCENT } from '../characters.ts';
import { normalizePath } from './normal-path.ts';

/** Patterns with more segments are refused, which bounds the memory that backtracking needs. */
export const MAX_SEGMENTS = 64;

export type RouteSegment =
  /** Text in the normal form in which paths are matched. */
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  /** The last segment, which takes the rest of the path. */
  | { readonly kind: 'wildcard'; readonly name: string };

export interface RoutePath {
  readonly segments: readonly RouteSegment[];
  readonly parameterNames: readonly string[];
  /** The normal form with nameless parameters: two patterns of one shape match the same requests. */
  readonly shape: string;
}

export class RoutePatternError extends Error {
  override readonly name = 'RoutePatternError';
  readonly code = 'ERR_ROUTE_PATTERN';

  constructor(path: unknown, why: string) {
    super(`The route path ${JSON.stringify(path)} is invalid: ${why}`);
  }
}

const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MALFORMED_ENCODING = /%(?![0-9A-F]{2})/;

/** @throws RoutePatternError */
export function parseRoutePath(path: string): RoutePath {
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw new RoutePatternError(path, 'it must begin with "/"');
  }
  const texts = path.slice(1).split('/');
  if (texts.length > MAX_SEGMENTS) {
    throw new RoutePatternError(path, `it has more than ${MAX_SEGMENTS} segments`);
  }
  const segments = texts.map((text, index) => parseSegment(path, text, index === texts.length - 1));
  return {
    segments,
    parameterNames: Object.freeze(parameterNamesOf(path, segments)),
    shape: segments.map((segment) => `/${shapeOf(segment)}`).join(''),
  };
}

function parseSegment(path: string, segment: string, isLast: boolean): RouteSegment {
  if (segment.startsWith(':')) return { kind: 'parameter', name: parameterName(path, segment) };
  if (!segment.startsWith('*')) return { kind: 'static', text: staticText(path, segment, isLast) };
  if (!isLast) {
    throw new RoutePatternError(
      path,
      `"${segment}" takes the rest of the path, so it must be the last segment`,
    );
  }
  return { kind: 'wildcard', name: parameterName(path, segment) };
}

function parameterName(path: string, segment: string): string {
  const name = segment.slice(1);
  if (PARAMETER_NAME.test(name)) return name;
  throw new RoutePatternError(
    path,
    `"${segment}" needs a name of letters, digits and "_" that does not begin with a digit`,
  );
}

/** @returns the segment in normal form */
function staticText(path: string, segment: string, isLast: boolean): string {
  if (segment === '' && !isLast) throw new RoutePatternError(path, 'it has an empty segment');
  if (/[:*]/.test(segment)) {
    throw new RoutePatternError(path, `":" and "*" begin a segment and cannot stand within "${segment}"`);
  }
  const bytes = Buffer.from(segment, 'utf8');
  if (bytes.some((byte) => byte !== PERCENT && ((CLASSES[byte] as number) & PATH) === 0)) {
    throw new RoutePatternError(path, `"${segment}" has a character that a path has only percent-encoded`);
  }
  const normal = Buffer.alloc(bytes.length);
  const text = normal.toString('latin1', 0, normalizePath(bytes, 0, bytes.length, normal));
  if (MALFORMED_ENCODING.test(text)) {
    throw new RoutePatternError(path, `"${segment}" has a malformed percent-encoding`);
  }
  if (text === '.' || text === '..') {
    throw new RoutePatternError(path, `clients resolve "${segment}" before they send a request`);
  }
  return text;
}

function parameterNamesOf(path: string, segments: readonly RouteSegment[]): string[] {
  const names = segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]));
  if (new Set(names).size !== names.length) {
    throw new RoutePatternError(path, 'two of its parameters have the same name');
  }
  if (names.length > MAX_PARAMETERS) {
    throw new RoutePatternError(path, `it has more than ${MAX_PARAMETERS} parameters`);
  }
  return names;
}

function shapeOf(segment: RouteSegment): string {
  if (segment.kind === 'static') return segment.text;
  return segment.kind === 'parameter' ? ':' : '*';
}
