/**
 * The headers of answers that the main thread gives in place of the application: those that it has declared
 * for all answers, and those of CORS, so that a script of an allowed origin can read the refusal. Main
 * thread, asked by all who answer there.
 */

import { originOf } from '../../http/cors/origin-field.ts';
import { CorsRules, type Headers } from '../../http/cors/policy.ts';
import type { Declarations } from '../../http/declarations.ts';

export class RefusalHeaders {
  #rules = new CorsRules({ origins: [] });
  #declared: Headers = {};

  /** Called when a worker has loaded the application, which may be a new version of it. */
  declare({ cors, headers }: Pick<Declarations, 'cors' | 'headers'>): void {
    this.#rules = new CorsRules(cors);
    this.#declared = headers;
  }

  /** Whether they depend on the request. */
  get differByOrigin(): boolean {
    return this.#rules.differByOrigin;
  }

  /** @param request its bytes, as far as they have come */
  for(request: Buffer): Headers {
    return { ...this.#declared, ...this.ofConstant(request) };
  }

  /** For a constant answer, which has only those of CORS. */
  ofConstant(request: Buffer): Headers {
    return this.#rules.allowNone ? {} : this.#rules.ofRefusal(originOf(request));
  }
}
