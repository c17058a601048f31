/**
 * The answer to bytes that are not a valid request. The start of the next request is then unknown, so the
 * connection closes. Worker threads only.
 */

import { reasonSentence } from '../../core/reasons.ts';
import { CorsRules } from '../../http/cors/policy.ts';
import type { AnswerDeclarations } from '../../http/declarations.ts';
import { identityHeadersOf } from '../../http/identity/unread-request.ts';
import { protocolErrorResponse } from '../../http/problem.ts';
import { UnreadFields } from '../../http/request/unread-fields.ts';
import { beginsWithHead, withoutContent } from '../../http/response/head-method.ts';

export interface RefusedBytes {
  /** The status that the core has chosen, and one of the REASON_ constants. */
  readonly status: number;
  readonly reason: number;
  readonly bytes: Buffer;
  /** Of the application, which never sees these bytes. */
  readonly declarations: AnswerDeclarations;
}

/** @returns a whole response, one byte a character (latin1) */
export function refusal({ status, reason, bytes, declarations }: RefusedBytes): string {
  const { cors, headers: declared, identifiesRequests } = declarations;
  const identity = identifiesRequests ? identityHeadersOf(bytes) : {};
  const headers = {
    ...declared,
    ...identity,
    ...new CorsRules(cors).ofRefusal(new UnreadFields(bytes).header('origin')),
  };
  const response = protocolErrorResponse(status, reasonSentence(reason), headers);
  return (beginsWithHead(bytes, 0, bytes.length) ? withoutContent(response) : response).toString('latin1');
}
