/** Reads the parts of a request that a schema can check. */
import { HttpProblem } from '../problem.ts';
import type { Request } from '../request/request.ts';

/** In the order in which they are read and checked. */
export const PARTS = ['parameters', 'query', 'body'] as const;

export type RoutePart = (typeof PARTS)[number];

/** Only an escape can make a lone surrogate, because the text was checked to be UTF-8. */
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/** @throws HttpProblem 400, 411, 415 */
export function readPart(part: RoutePart, request: Request): unknown {
  switch (part) {
    case 'parameters':
      return request.parameters;
    case 'query':
      return request.query.toObject();
    case 'body':
      return readBody(request);
  }
}

function readBody(request: Request): unknown {
  const body = request.json();
  if (SURROGATE_ESCAPE.test(request.text()) && !isWellFormed(body)) {
    // UTF-8 cannot express it (RFC 8259, section 8.2), so the client would get back a different text.
    throw new HttpProblem(400, 'The body has an escape that is half of a surrogate pair.');
  }
  return body;
}

/** Neither recursion nor spreading, because a client decides how deep and how wide the value is. */
function isWellFormed(body: unknown): boolean {
  const unseen = [body];
  while (unseen.length > 0) {
    const value = unseen.pop();
    if (typeof value === 'string' && !value.isWellFormed()) return false;
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, part] of Object.entries(value)) unseen.push(key, part);
  }
  return true;
}
