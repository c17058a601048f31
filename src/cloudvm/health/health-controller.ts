/**
 * Answers `/health/ready`: can this worker do its work now? A load balancer asks that before it sends
 * clients. `/health` only asks whether the process serves. The answer itself proves it, so it is constant
 * (routes.ts).
 */

import { HttpProblem, type Request, type Response } from '../../runtime/application.ts';

/** The reasons for not being ready, in the contract's words. */
export type NotReady = 'starting' | 'draining' | 'database unreachable' | 'database full' | 'workers failing';

/** How many workers serve, and how many there are when all is well. */
export interface ServingWorkers {
  readonly serving: number;
  readonly size: number;
}

export interface Readiness {
  /** undefined before the application has started, and after it has stopped */
  readonly workers: ServingWorkers | undefined;
  /** Routes that get 503 for a while. */
  readonly cutOffRoutes: readonly string[];
  /** @returns why the process is not ready, or undefined when it is */
  check(): Promise<NotReady | undefined>;
}

const RETRY_AFTER_SECONDS = '1';

export class HealthController {
  readonly #readiness: Readiness;

  constructor(readiness: Readiness) {
    this.#readiness = readiness;
  }

  readonly ready = async (_request: Request, response: Response): Promise<void> => {
    const reason = await this.#readiness.check();
    if (reason !== undefined) throw notReady(reason);
    const { workers, cutOffRoutes } = this.#readiness;
    response.header('Cache-Control', 'no-store').json({ status: 'ready', workers, cutOffRoutes });
  };
}

function notReady(reason: NotReady): HttpProblem {
  return new HttpProblem(503, `Not ready: ${reason}.`, {
    headers: { 'Cache-Control': 'no-store', 'Retry-After': RETRY_AFTER_SECONDS },
  });
}
