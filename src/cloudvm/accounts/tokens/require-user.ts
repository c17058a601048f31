/**
 * Lets only requests with a token pass and answers the others with 401. This is route middleware: it runs
 * after the route has matched, so an unknown path is 404 and another method 405 for everybody.
 */

import type { Middleware, Request } from '../../../runtime/application.ts';
import { SUBJECT } from './authenticate.ts';
import { missingToken } from './unauthorized.ts';

export const requireUser: Middleware = (request) => {
  if (request.get(SUBJECT) === undefined) throw missingToken();
};

/** The id of the user who sent the request. Only for handlers behind `requireUser`. */
export function userIdOf(request: Request): string {
  return request.require(SUBJECT).userId;
}
