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

export function cors(rules: CorsRules): Middleware {
  if (rules.allowNone) return () => {};
  return (request, response) => {
    if (rules.differByOrigin) response.vary('Origin');
    const allowed = rules.allow(request.header('origin'));
    if (allowed === null) return;
    for (const name in allowed) response.header(name, allowed[name] ?? '');
    if (isPreflight(request)) return answerPreflight(response, rules);
    response.header('Access-Control-Expose-Headers', rules.exposedHeaders);
  };
}

function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && request.header('access-control-request-method') !== undefined;
}

function answerPreflight(response: Response, rules: CorsRules): void {
  response
    .vary('Access-Control-Request-Method')
    .vary('Access-Control-Request-Headers')
    .header('Access-Control-Allow-Methods', ALLOWED_METHODS)
    .header('Access-Control-Allow-Headers', rules.requestHeaders)
    .header('Access-Control-Max-Age', rules.maxAgeSeconds)
    .empty();
}
