/**
 * Finds out whether the process can do its work: whether the application is started, most workers serve, and the
 * database answers. However many ask at once, the database is asked once. Used by the health controller.
 */
import type { WorkerPool } from '../../runtime/application.ts';
import type { Services } from '../services.ts';
import type { NotReady, Readiness } from './health-controller.ts';

/** Longer than a database that is well ever takes, and shorter than a load balancer waits. */
const PING_TIMEOUT_MS = 2_000;

/** Fewer than this share of the workers cannot do the work that a load balancer sends to all. */
const LEAST_SERVING_SHARE = 0.5;

/** What the application has while it is started. */
export interface Started {
  readonly services: Services;
  readonly pool: WorkerPool;
}

/** Where the application is in its life. */
export type ApplicationState = Started | 'starting' | 'draining';

export class ApplicationReadiness implements Readiness {
  readonly #state: () => ApplicationState;
  readonly #timeoutMs: number;
  #underWay: Promise<NotReady | undefined> | undefined;

  constructor(state: () => ApplicationState, timeoutMs: number = PING_TIMEOUT_MS) {
    this.#state = state;
    this.#timeoutMs = timeoutMs;
  }

  async check(): Promise<NotReady | undefined> {
    const state = this.#state();
    if (typeof state === 'string') return state;
    const { pool, services } = state;
    if (pool.serving < pool.size * LEAST_SERVING_SHARE) return 'workers failing';
    this.#underWay ??= this.#pingOnce(services);
    return this.#underWay;
  }

  async #pingOnce({ database }: Pick<Services, 'database'>): Promise<NotReady | undefined> {
    const { promise: timeout, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(resolve, this.#timeoutMs, false);
    try {
      // What is wrong does not matter here: the service reports it to whoever needs the database next.
      const answers = database.ping().then(
        () => true,
        () => false,
      );
      return (await Promise.race([answers, timeout])) ? undefined : 'database unreachable';
    } finally {
      clearTimeout(timer);
      this.#underWay = undefined;
    }
  }
}
