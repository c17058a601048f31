/**
 * Reads the bearer token of a request (RFC 6750). This is global middleware: it runs in workers before the
 * route is looked at, so an invalid token is answered with 401 on every path. A request without a token goes
 * on without a user, and the route decides whether that is enough (require-user.ts).
 */

import { type Middleware, RequestKey } from '../../../runtime/application.ts';
import { InvalidTokenError, type TokenSubject } from './token-claims.ts';
import { invalidToken } from './unauthorized.ts';

/** The claims of the token. Not set if the request has none. */
export const SUBJECT = new RequestKey<TokenSubject>('subject');

/** The scheme is compared without regard to case (RFC 9110, section 11.1). */
const BEARER = /^Bearer(?: +|$)/i;
/** b64token of RFC 6750, section 2.1, as far as a JWT needs it. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

export interface TokenVerifier {
  /** @throws InvalidTokenError */
  verify(token: string): TokenSubject;
}

/** @param tokens a function, because routes are registered before the worker has its secrets */
export function authenticate(tokens: () => TokenVerifier): Middleware {
  return (request) => {
    const authorization = request.header('authorization');
    if (authorization === undefined) return;
    const scheme = BEARER.exec(authorization);
    // Credentials of another scheme are not a token. A route that needs a token answers as if there were
    // none.
    if (scheme === null) return;
    const token = authorization.slice(scheme[0].length);
    request.set(SUBJECT, verify(tokens(), token));
  };
}

function verify(tokens: TokenVerifier, token: string): TokenSubject {
  if (!TOKEN.test(token)) throw invalidToken('The token is malformed.');
  try {
    return tokens.verify(token);
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    throw invalidToken(error.expired ? 'The token has expired.' : 'The token is invalid.', error);
  }
}
