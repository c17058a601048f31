/** The header fields that answers of all operations have, under `#/components/headers`. */
import type { Route } from '../../contract/routes.ts';
import { type JsonObject, reference } from './component-schemas.ts';

const REQUEST_ID = {
  'X-Request-Id': text(
    'Names the request in the log of the server: what the client has sent, or an id of ours.',
  ),
};

/** Where the server has such a limit (RATE_LIMIT_PER_MINUTE). */
const RATE_LIMIT = {
  RateLimit: text('`"default";r=R;t=T`: R requests may follow at once, and in T seconds there are more.'),
  'RateLimit-Policy': text('`"default";q=Q;w=60`: Q requests in a minute.'),
};

export const HEADER_COMPONENTS: JsonObject = { ...RATE_LIMIT, ...REQUEST_ID };

/** `/health` is answered as it was declared, so that it costs as little as possible. */
export function commonHeaders({
  path,
  isUnlimited = false,
}: Pick<Route, 'path' | 'isUnlimited'>): JsonObject {
  if (path === '/health') return {};
  return references(isUnlimited ? REQUEST_ID : HEADER_COMPONENTS);
}

function references(headers: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, reference('headers', name)]));
}

function text(description: string): JsonObject {
  return { description, schema: { type: 'string' } };
}
