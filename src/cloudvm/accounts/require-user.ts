/**
 * Lets only requests with a token pass; the others get 401. Route middleware: it runs after the route has
 * matched, so an unknown path is 404 and another method 405 for everybody.
 */

import { HttpProblem, type Middleware, type Request } from '../../runtime/application.ts';
import { SUBJECT } from './authenticate.ts';

export const requireUser: Middleware = (request) => {
  if (request.get(SUBJECT) !== undefined) return;
  // Without an error code, as there was no token (RFC 6750, section 3.1).
  throw new HttpProblem(401, 'This needs a token: send Authorization: Bearer with one.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="cloudvm"' },
  });
};

/** The id of the user whose request it is; for handlers behind `requireUser`. */
export function userIdOf(request: Request): string {
  return request.require(SUBJECT).userId;
}
