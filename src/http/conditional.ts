/**
 * Answers a conditional GET or HEAD with 304 where the client has the representation already (RFC 9110,
 * section 13.1.2). The pipeline runs it on every response after its handler; a handler only sets ETag.
 */
import { METHOD_GET, METHOD_HEAD } from '../../assembly/record.ts';
import { matchesWeakly } from './etag.ts';
import type { Request } from './request.ts';
import type { Response } from './response.ts';

export function answerConditionally(request: Request, response: Response): void | Promise<void> {
  // Most responses have no ETag, and then the request's headers need not be looked at.
  const tag = response.getHeader('ETag');
  if (tag === undefined || response.statusCode !== 200) return;
  const method = request.methodNumber;
  if (method !== METHOD_GET && method !== METHOD_HEAD) return;
  const list = request.header('if-none-match');
  if (list !== undefined && matchesWeakly(list, tag)) return response.becomeNotModified();
}
