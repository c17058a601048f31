/**
 * A request that a turn is at: its request and response, and what must be known of it after the next parse has
 * overwritten the record. Worker threads only.
 */

import { METHOD_GET, METHOD_HEAD, METHOD_OPTIONS } from '../../../../assembly/record.ts';
import type { IncomingRequest } from '../../http/request/incoming-request.ts';
import type { OutgoingResponse } from '../../http/response/outgoing-response.ts';
import type { HeadOptions } from '../../http/response/response-head.ts';
import { REQUEST_CLOSE, REQUEST_HEAD, REQUEST_HTTP_1_0, REQUEST_SAFE } from '../../memory/protocol.ts';

export interface RunningRequest {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly isHead: boolean;
  readonly keepAlive: boolean;
  readonly versionMinor: number;
  /** Where it ends in the buffer. */
  readonly end: number;
}

/** What main must know of the request, should the worker die in it; @param method a METHOD_ constant */
export function requestBits(method: number, { keepAlive, versionMinor }: RunningRequest): number {
  const isSafe = method === METHOD_GET || method === METHOD_HEAD || method === METHOD_OPTIONS;
  return (
    (isSafe ? REQUEST_SAFE : 0) |
    (method === METHOD_HEAD ? REQUEST_HEAD : 0) |
    (keepAlive ? 0 : REQUEST_CLOSE) |
    (versionMinor === 0 ? REQUEST_HTTP_1_0 : 0)
  );
}

/** @param bodyLength null for a stream, whose length is not known */
export function headOptions(
  { isHead, keepAlive, versionMinor }: RunningRequest,
  bodyLength: number | null,
): HeadOptions {
  return { isHead, keepAlive, versionMinor, bodyLength };
}

/** Bytes of a body that is no stream. */
export function bodyLengthOf(body: OutgoingResponse['body']): number {
  if (body === null) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.byteLength : 0;
}
