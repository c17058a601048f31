/**
 * Finds out whether the process can do its work: the application has started, most workers serve, and the
 * database answers. Simultaneous questions share one ping of the database. Used by the health controller.
 */
import type { WorkerPool } from '../../runtime/application.ts';
import type { NotReady, Readiness, ServingWorkers } from './health-controller.ts';

/** A healthy database answers sooner, and a load balancer waits longer. */
const PING_TIMEOUT_MS = 2_000;

/** With a smaller share of the workers the process cannot take its part of the load. */
const LEAST_SERVING_SHARE = 0.5;

/** The parts that readiness checks while the application runs. */
export interface Started {
  /** Asks the database for a sign of life. */
  readonly pingDatabase: () => Promise<void>;
  /** Whether the database takes no more data, as far as it can be known without a write. */
  readonly isDatabaseFull: () => Promise<boolean>;
  readonly pool: WorkerPool;
}

/** The state of the application. */
export type ApplicationState = Started | 'starting' | 'draining';

export interface ReadinessOptions {
  readonly state: () => ApplicationState;
  /** Called with the reason why the database cannot be reached. Clients do not learn the reason. */
  readonly onDatabaseTrouble: (error: unknown) => void;
  readonly timeoutMs?: number;
}

export class ApplicationReadiness implements Readiness {
  readonly #state: () => ApplicationState;
  readonly #onDatabaseTrouble: (error: unknown) => void;
  readonly #timeoutMs: number;
  #underWay: Promise<NotReady | undefined> | undefined;

  constructor({ state, onDatabaseTrouble, timeoutMs = PING_TIMEOUT_MS }: ReadinessOptions) {
    this.#state = state;
    this.#onDatabaseTrouble = onDatabaseTrouble;
    this.#timeoutMs = timeoutMs;
  }

  get workers(): ServingWorkers | undefined {
    const state = this.#state();
    return typeof state === 'string' ? undefined : { serving: state.pool.serving, size: state.pool.size };
  }

  get cutOffRoutes(): readonly string[] {
    const state = this.#state();
    return typeof state === 'string' ? [] : state.pool.cutOffRoutes;
  }

  async check(): Promise<NotReady | undefined> {
    const state = this.#state();
    if (typeof state === 'string') return state;
    const { pool } = state;
    if (pool.isStopping) return 'draining';
    if (pool.serving < pool.size * LEAST_SERVING_SHARE) {
      return pool.isFilling ? 'starting' : 'workers failing';
    }
    this.#underWay ??= this.#lookOnce(state);
    return this.#underWay;
  }

  async #lookOnce({ pingDatabase, isDatabaseFull }: Started): Promise<NotReady | undefined> {
    const { promise: timeout, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(resolve, this.#timeoutMs, false);
    try {
      // A ping that fails after the timeout is reported too.
      const answers = pingDatabase().then(
        () => true,
        (error: unknown) => {
          this.#onDatabaseTrouble(error);
          return false;
        },
      );
      if (!(await Promise.race([answers, timeout]))) return 'database unreachable';
      return (await isDatabaseFull()) ? 'database full' : undefined;
    } finally {
      clearTimeout(timer);
      this.#underWay = undefined;
    }
  }
}
