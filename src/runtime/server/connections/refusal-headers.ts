/**
 * The headers of answers that the main thread gives in place of the application: those of CORS, so that a
 * script of an allowed origin can read the refusal. Main thread, asked by all who answer there.
 */

import { originOf } from '../../http/cors/origin-field.ts';
import { type CorsPolicy, CorsRules, type Headers } from '../../http/cors/policy.ts';

export class RefusalHeaders {
  #rules = new CorsRules({ origins: [] });

  /** Called when a worker has loaded the application, which may be a new version of it. */
  declare(policy: CorsPolicy): void {
    this.#rules = new CorsRules(policy);
  }

  /** Whether they depend on the request. */
  get differByOrigin(): boolean {
    return this.#rules.differByOrigin;
  }

  /** @param request its bytes, as far as they have come */
  for(request: Buffer): Headers {
    return this.#rules.allowNone ? {} : this.#rules.ofRefusal(originOf(request));
  }
}
