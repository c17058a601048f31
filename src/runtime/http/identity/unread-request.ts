/**
 * The identity of a request that nobody has parsed: it is refused before, or the main thread, which has no
 * parser, answers it.
 */
import { UnreadFields } from '../request/unread-fields.ts';
import { identify, REQUEST_ID, TRACEPARENT } from './request-identity.ts';

/**
 * @param bytes of the request, from its first byte on. It may be incomplete or invalid
 * @returns the headers of its answer
 */
export function identityHeadersOf(bytes: Buffer): Readonly<Record<string, string>> {
  const { requestId, traceparent } = identify(new UnreadFields(bytes));
  return { [REQUEST_ID]: requestId, ...(traceparent !== undefined && { [TRACEPARENT]: traceparent }) };
}
