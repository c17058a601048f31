/**
 * Operations of the runtime on a request or a response while a handler runs. Handlers have no methods for
 * them.
 */
import { IncomingRequest } from '../../../../src/runtime/http/request/incoming-request.ts';
import type { Request } from '../../../../src/runtime/http/request/request.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import type { Response } from '../../../../src/runtime/http/response/response.ts';

export function incoming(request: Request): IncomingRequest {
  if (request instanceof IncomingRequest) return request;
  throw new TypeError('not a request of the runtime');
}

export function outgoing(response: Response): OutgoingResponse {
  if (response instanceof OutgoingResponse) return response;
  throw new TypeError('not a response of the runtime');
}
