/**
 * Answers a conditional GET or HEAD with 304 if the client has the representation already (RFC 9110,
 * section 13.1.2). The pipeline runs it as the last finisher of every response. A handler only sets ETag.
 */
import type { Request } from '../request/request.ts';
import type { OutgoingResponse } from '../response/outgoing-response.ts';
import type { Response } from '../response/response.ts';
import { matchesWeakly } from './etag.ts';

export function answerConditionally(request: Request, response: OutgoingResponse): void | Promise<void> {
  if (isNotModified(request, response)) return response.becomeNotModified();
}

/** Whether a 304 will replace this response. Then any work on its content is wasted. */
export function isNotModified(request: Request, response: Response): boolean {
  // Most responses have no ETag. Then the request's headers need not be read.
  const tag = response.getHeader('ETag');
  if (tag === undefined || response.statusCode !== 200) return false;
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const list = request.header('if-none-match');
  return list !== undefined && matchesWeakly(list, tag);
}
