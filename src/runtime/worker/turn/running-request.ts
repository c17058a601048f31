/**
 * The request that a turn is serving, with its response. It keeps the facts about the request that are needed
 * after the next parse has overwritten the parse record. Worker threads only, one for each request.
 */

import { METHOD_GET, METHOD_HEAD, METHOD_OPTIONS } from '../../../../assembly/record.ts';
import { IncomingRequest, type RequestSource } from '../../http/request/incoming-request.ts';
import { isStream } from '../../http/response/body-stream.ts';
import { OutgoingResponse } from '../../http/response/outgoing-response.ts';
import type { HeadOptions } from '../../http/response/response-head.ts';
import {
  REQUEST_CLOSE,
  REQUEST_HEAD,
  REQUEST_HTTP_1_0,
  REQUEST_SAFE,
  requestOfRoute,
} from '../../memory/protocol.ts';

export class RunningRequest implements HeadOptions {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly isHead: boolean;
  /**
   * Whether the connection persists. Decided when the response is encoded, since the server may stop
   * meanwhile.
   */
  keepAlive: boolean;
  readonly versionMinor: number;
  /** The facts that main needs if the worker dies in this request: REQUEST_ bits. */
  readonly bits: number;
  /** The end of the request in the connection's buffer. A body that is still coming may move it. */
  end: number;
  /** Set when the response is sent. */
  bodyLength: number | null = 0;

  /**
   * @param source of the request that the parse record describes
   * @param start where the request begins in the connection's buffer
   */
  constructor(source: RequestSource, start: number) {
    const { record } = source;
    const { method } = record;
    this.request = new IncomingRequest(source);
    this.response = new OutgoingResponse(this.request);
    this.isHead = method === METHOD_HEAD;
    this.keepAlive = record.keepsAlive;
    this.versionMinor = record.versionMinor;
    this.bits = requestBits(method, this.keepAlive, this.versionMinor) | requestOfRoute(record.route);
    this.end = start + record.consumed;
  }

  /** Whether its response is a stream that may have no end of its own. */
  get isEndless(): boolean {
    return isStream(this.response.body) && this.response.streamLength === null;
  }
}

function requestBits(method: number, keepAlive: boolean, versionMinor: number): number {
  const isSafe = method === METHOD_GET || method === METHOD_HEAD || method === METHOD_OPTIONS;
  return (
    (isSafe ? REQUEST_SAFE : 0) |
    (method === METHOD_HEAD ? REQUEST_HEAD : 0) |
    (keepAlive ? 0 : REQUEST_CLOSE) |
    (versionMinor === 0 ? REQUEST_HTTP_1_0 : 0)
  );
}
