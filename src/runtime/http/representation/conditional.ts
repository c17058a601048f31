/**
 * Evaluates the preconditions of GET and HEAD (preconditions.ts) with the finished response, whose validators
 * are its ETag and Last-Modified: 304 if the client has the representation already, 412 if it is not the one
 * that the client expects. The pipeline runs it as the last finisher. A handler only sets the validators.
 *
 * Range is ignored, as a server may (RFC 9110, section 14.2), and If-Range with it. A handler that answers
 * ranges evaluates If-Range itself.
 */
import type { IncomingRequest } from '../request/incoming-request.ts';
import type { Request } from '../request/request.ts';
import type { OutgoingResponse } from '../response/outgoing-response.ts';
import type { Response } from '../response/response.ts';
import { parseHttpDate } from './http-date.ts';
import { assertExpected, type CurrentRepresentation, isKnownToClient, isSafe } from './preconditions.ts';

/** @throws HttpProblem 412, 400 */
export function answerConditionally(
  request: IncomingRequest,
  response: OutgoingResponse,
): void | Promise<void> {
  // Most requests end here.
  if (!request.isConditional || !isSelected(request, response)) return;
  const current = representationOf(response);
  assertExpected(request, current);
  if (isKnownToClient(request, current)) return response.becomeNotModified();
}

/**
 * For an unsafe method of a resource that exists and has no validators: no tag matches it, and no date says
 * anything of it. The pipeline runs it before the handler.
 * @throws HttpProblem 412, 400
 */
export function checkWithoutValidators(request: IncomingRequest): void {
  if (request.isConditional) request.preconditions.check({});
}

/** Whether a 304 will replace this response. Then any work on its content is wasted. */
export function isNotModified(request: Request, response: Response): boolean {
  if (request.header('if-none-match') === undefined && request.header('if-modified-since') === undefined)
    return false;
  return isSelected(request, response) && isKnownToClient(request, representationOf(response));
}

/** Whether the response is a representation of the target. Preconditions say nothing of any other. */
function isSelected(request: Request, response: Response): boolean {
  return response.statusCode < 300 && isSafe(request.method);
}

function representationOf(response: Response): CurrentRepresentation {
  const date = parseHttpDate(response.getHeader('Last-Modified') ?? '');
  return {
    etag: response.getHeader('ETag'),
    lastModified: date === undefined ? undefined : new Date(date),
  };
}
