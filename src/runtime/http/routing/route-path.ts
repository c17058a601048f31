/**
 * Checks the path of a route when it is registered, so that a mistake is told in the words of the one who
 * made it and before a server listens. Used by Router; the core compiles the same paths into its tree.
 */
import { MAX_PARAMETERS } from '../../../../assembly/record.ts';
import { RouterError } from '../errors.ts';

export interface RoutePath {
  /** The path with its parameters nameless: two routes of one shape match the same requests. */
  readonly shape: string;
  readonly parameterNames: readonly string[];
}

const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** pchar (RFC 3986, section 3.3) without ":" and "*", which only begin a parameter, and without escapes. */
const STATIC_SEGMENT = /^[A-Za-z0-9._~!$&'()+,;=@-]*$/;

/** @throws RouterError */
export function parseRoutePath(path: string): RoutePath {
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw invalid(path, 'it must begin with "/"');
  }
  const segments = path.slice(1).split('/');
  const parameterNames: string[] = [];
  const shape = segments.map((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment.startsWith(':') || segment.startsWith('*')) {
      parameterNames.push(parameterName(path, segment, isLast));
      return segment.charAt(0);
    }
    assertStatic(path, segment, isLast);
    return segment;
  });
  if (new Set(parameterNames).size !== parameterNames.length) {
    throw invalid(path, 'two of its parameters have the same name');
  }
  if (parameterNames.length > MAX_PARAMETERS) {
    throw invalid(path, `it has more than ${MAX_PARAMETERS} parameters`);
  }
  return { shape: `/${shape.join('/')}`, parameterNames: Object.freeze(parameterNames) };
}

function parameterName(path: string, segment: string, isLast: boolean): string {
  if (segment.startsWith('*') && !isLast) {
    throw invalid(path, `"${segment}" takes the whole rest of the path, so it must be the last segment`);
  }
  const name = segment.slice(1);
  if (!PARAMETER_NAME.test(name)) {
    throw invalid(
      path,
      `"${segment}" needs a name of letters, digits and "_" that does not begin with a digit`,
    );
  }
  return name;
}

function assertStatic(path: string, segment: string, isLast: boolean): void {
  if (segment === '' && !isLast) throw invalid(path, 'it has an empty segment');
  if (segment === '.' || segment === '..')
    throw invalid(path, `clients resolve "${segment}" before they ask`);
  if (/[:*]/.test(segment)) {
    throw invalid(path, `":" and "*" begin a segment and cannot stand within "${segment}"`);
  }
  if (!STATIC_SEGMENT.test(segment)) {
    throw invalid(path, `"${segment}" has a character that does not stand unencoded in a path`);
  }
}

function invalid(path: unknown, why: string): RouterError {
  return new RouterError('ERR_ROUTE_PATTERN', `The route path ${JSON.stringify(path)} is invalid: ${why}`);
}
