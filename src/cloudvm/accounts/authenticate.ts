/**
 * Reads the bearer token of a request (RFC 6750), before the route matters: a token that is there and invalid
 * is answered with 401 on every path. Without a token the request goes on as nobody's; whether that will do is
 * for the route to say (require-user.ts). Global middleware, run in worker threads.
 */

import { HttpProblem, type Middleware, RequestKey } from '../../runtime/application.ts';
import { InvalidTokenError, type TokenSubject } from './tokens/tokens.ts';

/** Whom the request speaks for; not set where it has no token. */
export const SUBJECT = new RequestKey<TokenSubject>('subject');

/** The scheme is compared without regard to case (RFC 9110, section 11.1). */
const BEARER = /^Bearer(?: +|$)/i;
/** b64token of RFC 6750, section 2.1, as far as a JWT needs it. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** What verifies; a function, since routes are registered before the worker has its secrets. */
export interface TokenVerifier {
  verify(token: string): TokenSubject;
}

export function authenticate(tokens: () => TokenVerifier): Middleware {
  return (request) => {
    const authorization = request.header('authorization');
    if (authorization === undefined) return;
    const scheme = BEARER.exec(authorization);
    // Credentials of another scheme are no token: on a route that needs one, it is missing.
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

/** @param cause for the log only */
export function invalidToken(detail: string, cause?: unknown): HttpProblem {
  return new HttpProblem(401, detail, {
    headers: {
      'WWW-Authenticate': `Bearer realm="cloudvm", error="invalid_token", error_description="${detail}"`,
    },
    cause,
  });
}
