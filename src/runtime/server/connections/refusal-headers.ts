/**
 * The headers of answers that the main thread gives in place of the application: those that it has declared
 * for all answers, the id of the request, and those of CORS, so that a script of an allowed origin can read
 * the refusal. Main thread, asked by all who answer there.
 */

import { CorsRules, type Headers } from '../../http/cors/policy.ts';
import type { AnswerDeclarations } from '../../http/declarations.ts';
import { identityHeadersOf } from '../../http/identity/unread-request.ts';
import { UnreadFields } from '../../http/request/unread-fields.ts';

export class RefusalHeaders {
  #rules = new CorsRules({ origins: [] });
  #declared: Headers = {};
  #identifiesRequests = false;

  /** Called when a worker has loaded the application, which may be a new version of it. */
  declare({ cors, headers, identifiesRequests }: AnswerDeclarations): void {
    this.#rules = new CorsRules(cors);
    this.#declared = headers;
    this.#identifiesRequests = identifiesRequests;
  }

  /** Whether they depend on the request. */
  get differByOrigin(): boolean {
    return this.#rules.differByOrigin;
  }

  /** @param request its bytes, as far as they have come */
  for(request: Buffer): Headers {
    const identity = this.#identifiesRequests ? identityHeadersOf(request) : {};
    return { ...this.#declared, ...identity, ...this.ofConstant(request) };
  }

  /** For a constant answer, which has only those of CORS. */
  ofConstant(request: Buffer): Headers {
    return this.#rules.allowNone ? {} : this.#rules.ofRefusal(new UnreadFields(request).header('origin'));
  }
}
