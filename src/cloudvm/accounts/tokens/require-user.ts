/**
 * Lets only requests with a valid bearer token pass (RFC 6750), and answers the others with 401. This is route
 * middleware: it runs after the route has matched, so an unknown path is 404 and another method 405 for
 * everybody, and a stale token does not keep its owner from logging in.
 */

import { type Middleware, type Request, RequestKey } from '../../../runtime/application.ts';
import { InvalidTokenError, type TokenSubject } from './token-claims.ts';
import { invalidToken, missingToken } from './unauthorized.ts';

export interface TokenVerifier {
  /** @throws InvalidTokenError */
  verify(token: string): TokenSubject;
}

const SUBJECT = new RequestKey<TokenSubject>('subject');

/** The scheme is compared without regard to case (RFC 9110, section 11.1). */
const BEARER = /^Bearer(?: +|$)/i;
/** b64token of RFC 6750, section 2.1, as far as a JWT needs it. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** @param tokens a function, because routes are registered before the worker has its secrets */
export function requireUser(tokens: () => TokenVerifier): Middleware {
  return (request) => request.set(SUBJECT, verify(tokens(), tokenOf(request)));
}

/** The id of the user who sent the request. Only for handlers behind `requireUser`. */
export function userIdOf(request: Request): string {
  return request.require(SUBJECT).userId;
}

/** Credentials of another scheme are no token. @throws HttpProblem 401 */
function tokenOf(request: Request): string {
  const authorization = request.header('authorization') ?? '';
  const scheme = BEARER.exec(authorization);
  if (scheme === null) throw missingToken();
  return authorization.slice(scheme[0].length);
}

/** @throws HttpProblem 401 */
function verify(tokens: TokenVerifier, token: string): TokenSubject {
  if (!TOKEN.test(token)) throw invalidToken('The token is malformed.');
  try {
    return tokens.verify(token);
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    throw invalidToken(error.expired ? 'The token has expired.' : 'The token is invalid.', error);
  }
}
