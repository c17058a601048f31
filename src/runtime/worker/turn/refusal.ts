/**
 * The answer to bytes that are not a valid request. The start of the next request is then unknown, so the
 * connection closes. Worker threads only.
 */

import type { ParseRecord } from '../../core/parse-record.ts';
import { reasonSentence } from '../../core/reasons.ts';
import { protocolErrorResponse } from '../../http/problem.ts';
import { beginsWithHead, withoutContent } from '../../http/response/head-method.ts';

/**
 * @param record as the core has filled it, with an error
 * @param bytes the shared memory. The refused bytes lie between `start` and `end`
 * @returns a whole response, one byte a character (latin1)
 */
export function refusal(record: ParseRecord, bytes: Buffer, start: number, end: number): string {
  const response = protocolErrorResponse(record.errorStatus, reasonSentence(record.errorReason));
  return (beginsWithHead(bytes, start, end) ? withoutContent(response) : response).toString('latin1');
}
