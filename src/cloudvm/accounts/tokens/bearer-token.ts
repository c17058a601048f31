/** Reads the bearer token of a request (RFC 6750, section 2.1). Used by require-user.ts. */
import type { Request } from '../../../runtime/application.ts';
import { invalidToken } from './unauthorized.ts';

/** The scheme is compared without regard to case (RFC 9110, section 11.1). */
const BEARER = /^Bearer(?: +|$)/i;
/** b64token, as far as a JWT needs it. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/**
 * @returns undefined if the request has none. Credentials of another scheme are not a token
 * @throws HttpProblem 401
 */
export function readBearerToken(request: Request): string | undefined {
  const authorization = request.header('authorization');
  if (authorization === undefined) return undefined;
  const scheme = BEARER.exec(authorization);
  if (scheme === null) return undefined;
  const token = authorization.slice(scheme[0].length);
  if (!TOKEN.test(token)) throw invalidToken('The token is malformed.');
  return token;
}
