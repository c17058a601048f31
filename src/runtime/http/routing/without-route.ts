/** The answer to a request that no route takes. Pipeline uses it. */
import { METHOD_OPTIONS, ROUTE_METHOD_NOT_ALLOWED } from '../../../../assembly/record.ts';
import { HttpProblem } from '../problem.ts';
import type { IncomingRequest } from '../request/incoming-request.ts';
import type { OutgoingResponse } from '../response/outgoing-response.ts';
import type { AllowHeader } from './allow.ts';

/** 404, 405, or the answer to OPTIONS that every known path has. */
export function answerWithoutRoute(
  request: IncomingRequest,
  response: OutgoingResponse,
  allow: AllowHeader,
): void {
  const isOptions = request.methodNumber === METHOD_OPTIONS;
  if (isOptions && request.isAsterisk) {
    response.header('Allow', allow.ofServer).empty();
    return;
  }
  if (request.routeNumber !== ROUTE_METHOD_NOT_ALLOWED) {
    throw new HttpProblem(404, 'There is nothing at this path.');
  }
  response.header('Allow', allow.of(request.allowedMethods));
  if (!isOptions) throw new HttpProblem(405, 'The path does not support this method. See the Allow header.');
  response.empty();
}
