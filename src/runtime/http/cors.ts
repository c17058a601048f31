/**
 * Cross-origin requests (WHATWG Fetch, "CORS protocol"): tells browsers which other origins may read the API.
 * By default none may. CORS_ORIGINS lists those that may.
 *
 * This is the first global middleware. So errors carry its headers too, and a preflight, which has no token,
 * is answered before authentication.
 */
import type { Request } from './request/request.ts';
import type { Response } from './response/response.ts';
import type { Middleware } from './routing/handler.ts';

const ANY_ORIGIN = '*';
const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID';
/** The response headers that a script may read besides those that it always may. */
const EXPOSED_HEADERS = 'ETag, Location, Retry-After, WWW-Authenticate';
/** How long a browser may cache the answer to a preflight. A wrong answer lasts no longer than that. */
const MAX_AGE_SECONDS = '600';

/** @param origins as CORS_ORIGINS lists them: serialised origins, or "*" for every one */
export function cors(origins: readonly string[]): Middleware {
  const listed = new Set(origins.filter((origin) => origin !== ANY_ORIGIN));
  const any = origins.includes(ANY_ORIGIN);
  if (listed.size === 0 && !any) return () => {};
  return (request, response) => {
    // Unless all origins are treated alike, the answer differs by origin, and a cache must not mix them up.
    if (listed.size > 0) response.vary('Origin');
    const origin = request.header('origin');
    if (origin === undefined) return;
    if (listed.has(origin)) {
      response
        .header('Access-Control-Allow-Origin', origin)
        .header('Access-Control-Allow-Credentials', 'true');
    } else if (any) {
      // Never with credentials, because then any page could act as the user of the browser.
      response.header('Access-Control-Allow-Origin', ANY_ORIGIN);
    } else {
      return;
    }
    if (isPreflight(request)) return answerPreflight(response);
    response.header('Access-Control-Expose-Headers', EXPOSED_HEADERS);
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
