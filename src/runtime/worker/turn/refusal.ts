/**
 * The answer to bytes that are not a valid request. The start of the next request is then unknown, so the
 * connection closes. Worker threads only.
 */

import { reasonSentence } from '../../core/reasons.ts';
import { originOf } from '../../http/cors/origin-field.ts';
import { CorsRules } from '../../http/cors/policy.ts';
import type { Declarations } from '../../http/declarations.ts';
import { protocolErrorResponse } from '../../http/problem.ts';
import { beginsWithHead, withoutContent } from '../../http/response/head-method.ts';

export interface RefusedBytes {
  /** The status that the core has chosen, and one of the REASON_ constants. */
  readonly status: number;
  readonly reason: number;
  readonly bytes: Buffer;
  /** Of the application, which never sees these bytes. */
  readonly declarations: Pick<Declarations, 'cors' | 'headers'>;
}

/** @returns a whole response, one byte a character (latin1) */
export function refusal({ status, reason, bytes, declarations }: RefusedBytes): string {
  const { cors, headers: declared } = declarations;
  const headers = { ...declared, ...new CorsRules(cors).ofRefusal(originOf(bytes)) };
  const response = protocolErrorResponse(status, reasonSentence(reason), headers);
  return (beginsWithHead(bytes, 0, bytes.length) ? withoutContent(response) : response).toString('latin1');
}
