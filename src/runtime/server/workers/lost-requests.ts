/**
 * The requests that main answers with an error because their worker has died: their ids, for the log. A
 * client that has sent none knows the one that its answer has, and so finds the death. Main thread, one for
 * each death.
 */

import type { Headers } from '../../http/cors/policy.ts';
import { REQUEST_ID } from '../../http/identity/request-identity.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';

/** A worker may have had more requests. The log says how many. */
const MOST_IDS = 32;

export class LostRequests {
  readonly #ids: string[] = [];
  #count = 0;

  /** @param answer the headers of the answer. Without an id in them, the application asks for none */
  add(answer: Headers): void {
    this.#count++;
    const id = answer[REQUEST_ID];
    if (id !== undefined && this.#ids.length < MOST_IDS) this.#ids.push(id);
  }

  log(logger: RuntimeLogger, worker: number): void {
    if (this.#ids.length === 0) return;
    const details = { worker, requests: this.#count, requestIds: this.#ids };
    logger.error(details, 'Requests got an error, because their worker has ended');
  }
}
