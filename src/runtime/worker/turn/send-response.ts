/**
 * Sends a finished response. If it fits, it is written at once. If not, it is sent piece by piece while the
 * turn waits. If too much memory already waits for clients, 503 replaces it. Worker threads only.
 */

import { HttpProblem } from '../../http/problem.ts';
import {
  type BodyStream,
  discardBody,
  isStream,
  type ResponseBody,
} from '../../http/response/body-stream.ts';
import { encodeHead } from '../../http/response/response-head.ts';
import type { Output } from '../output/output.ts';
import { type Sending, sendSlowly, sendStream } from '../output/response-sender.ts';
import { utf8Length } from '../output/short-text.ts';
import type { RunningRequest } from './running-request.ts';
import type { TurnHost } from './turn-host.ts';

export type ResponseHost = Pick<TurnHost, 'context' | 'isEnding' | 'endsStreams' | 'reportError'>;

const TOO_SLOW = 'Other clients take their responses too slowly; try again later.';
const REPLACED = 'The server is replacing the worker of this stream.';

/**
 * @returns null when the whole response is written at once, or a promise that resolves when all of it is and
 * rejects when it cannot be completed
 */
export function sendResponse(
  running: RunningRequest,
  output: Output,
  host: ResponseHost,
): Promise<void> | null {
  const { response, isHead } = running;
  const { body } = response;
  if (isStream(body)) return beginStream(running, body, output, host);
  const length = bodyLengthOf(body);
  running.bodyLength = length;
  const head = encodeHead(response, running, host.context.times.lastRead);
  const content = isHead ? null : body;
  if (output.tryWrite(head, content, isHead ? 0 : length)) return null;
  return beginSlowly(running, content, length, output, host);
}

/** Releases the resources of a body that will not be sent. */
export function dropBody({ request, response }: RunningRequest, host: ResponseHost): void {
  discardBody(response.body).catch((error: unknown) => host.reportError(error, request));
}

function beginStream(
  running: RunningRequest,
  body: BodyStream,
  output: Output,
  host: ResponseHost,
): Promise<void> | null {
  if (running.isEndless && host.endsStreams) return sendUnavailable(running, REPLACED, output, host);
  if (host.isEnding) running.request.announceEnding();
  running.bodyLength = null;
  return sendStream(sendingOf(running, output, host), body);
}

/** A response that does not fit now is kept until its client takes it, unless too much is kept already. */
function beginSlowly(
  running: RunningRequest,
  body: Exclude<ResponseBody, BodyStream>,
  length: number,
  output: Output,
  host: ResponseHost,
): Promise<void> | null {
  const held = host.context.unsent.hold(length);
  if (held === null) return sendUnavailable(running, TOO_SLOW, output, host);
  return sendSlowly(sendingOf(running, output, host), body).finally(() => held[Symbol.dispose]());
}

function sendUnavailable(
  running: RunningRequest,
  detail: string,
  output: Output,
  host: ResponseHost,
): Promise<void> | null {
  dropBody(running, host);
  running.response.becomeProblem(new HttpProblem(503, detail, { headers: { 'Retry-After': '1' } }));
  return sendResponse(running, output, host);
}

function sendingOf(running: RunningRequest, output: Output, host: ResponseHost): Sending {
  return {
    output,
    response: running.response,
    options: running,
    unsent: host.context.unsent,
    spareBuffers: host.context.spareBuffers,
    round: host.context.round,
    onError: (error) => host.reportError(error, running.request),
  };
}

/** Bytes of a body that is no stream. */
function bodyLengthOf(body: Exclude<ResponseBody, BodyStream>): number {
  if (body === null) return 0;
  return typeof body === 'string' ? utf8Length(body) : body.byteLength;
}
