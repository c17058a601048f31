/**
 * Cross-origin requests: tells browsers which other origins may read the API. By default none may.
 *
 * `Router.cors` makes it the first global middleware. So errors carry its headers too, and a preflight, which
 * has no token, is answered before authentication.
 */
import type { Request } from '../request/request.ts';
import type { Response } from '../response/response.ts';
import type { Middleware } from '../routing/handler.ts';
import type { CorsRules } from './policy.ts';

const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID';
/** How long a browser may cache the answer to a preflight. A wrong answer lasts no longer than that. */
const MAX_AGE_SECONDS = '600';

export function cors(rules: CorsRules): Middleware {
  if (rules.allowNone) return () => {};
  return (request, response) => {
    if (rules.differByOrigin) response.vary('Origin');
    const allowed = rules.allow(request.header('origin'));
    if (allowed === null) return;
    for (const name in allowed) response.header(name, allowed[name] ?? '');
    if (isPreflight(request)) return answerPreflight(response);
    response.header('Access-Control-Expose-Headers', rules.exposedHeaders);
  };
}

function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && request.header('access-control-request-method') !== undefined;
}

function answerPreflight(response: Response): void {
  response
    .vary('Access-Control-Request-Method')
    .vary('Access-Control-Request-Headers')
    .header('Access-Control-Allow-Methods', ALLOWED_METHODS)
    .header('Access-Control-Allow-Headers', ALLOWED_HEADERS)
    .header('Access-Control-Max-Age', MAX_AGE_SECONDS)
    .empty();
}
