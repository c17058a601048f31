/**
 * Which request an answer and a line of the log belong to: the id of the client or one of our own, and the
 * trace of the client, in which this server is a span.
 */
import { formatTraceparent, parseTraceparent } from './trace-context.ts';
import { uniqueRequestId, uniqueSpanId } from './unique-ids.ts';

/** As lines of the log name it: `logger.info({ ...request.identity, … })`. */
export interface RequestIdentity {
  /** Undefined if the application does not ask for ids (Router.identifyRequests). */
  readonly requestId?: string;
  /** Undefined, like `spanId`, if the client has sent no valid `traceparent`. */
  readonly traceId?: string;
  readonly spanId?: string;
}

export const UNIDENTIFIED: RequestIdentity = {};

export const REQUEST_ID = 'X-Request-Id';
export const TRACEPARENT = 'traceparent';

/** What reads a field by its lower-case name. Several fields are joined by a comma and a space. */
export interface Fields {
  header(lowerName: string): string | undefined;
}

export interface Identified {
  readonly identity: RequestIdentity;
  /** The values of the two fields of the answer. */
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

/** Visible ASCII characters, so it can stand in an answer and in the log. */
const ACCEPTED = /^[!-~]{1,128}$/;

export function identify(fields: Fields): Identified {
  const requestId = requestIdOf(fields.header('x-request-id'));
  const trace = parseTraceparent(fields.header('traceparent'));
  if (trace === undefined) return { identity: { requestId }, requestId, traceparent: undefined };
  const spanId = uniqueSpanId();
  const identity = { requestId, traceId: trace.traceId, spanId };
  return { identity, requestId, traceparent: formatTraceparent(trace, spanId) };
}

function requestIdOf(field: string | undefined): string {
  return field !== undefined && ACCEPTED.test(field) ? field : uniqueRequestId();
}
