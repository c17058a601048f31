/**
 * Replaces every worker of the pool with a fresh one that loads the application anew, one at a time. Main
 * thread, made by the supervisor for each call of `reload`.
 *
 * A worker leaves only when its replacement serves, so the pool never has fewer workers because of a reload.
 * A later reload, or the stop of the server, overtakes one that is under way: the new version of the
 * application may hang while it loads, and the next one must not wait for that.
 */

import type { WorkerHandle } from './worker-handle.ts';

/** A worker that was being started is no longer wanted. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError';

  constructor() {
    super('A later reload, or the stop of the server, has overtaken the start of this worker');
  }
}

/** The part of a worker that a reload uses. */
export type ReloadedWorker = Pick<WorkerHandle, 'phase' | 'drain' | 'gone'>;

export interface ReloadOptions<W extends ReloadedWorker> {
  /** The workers that serve the old version. */
  readonly old: readonly W[];
  /** Starts a worker. Rejects with OvertakenError when the reload is overtaken. */
  readonly start: () => Promise<W>;
  readonly serve: (fresh: W) => void;
}

export class Reload<W extends ReloadedWorker> {
  readonly #options: ReloadOptions<W>;
  readonly #overtaken = Promise.withResolvers<void>();
  #isOvertaken = false;

  constructor(options: ReloadOptions<W>) {
    this.#options = options;
  }

  get isOvertaken(): boolean {
    return this.#isOvertaken;
  }

  overtake(): void {
    this.#isOvertaken = true;
    this.#overtaken.resolve();
  }

  /**
   * @returns whether all workers were replaced. False if the reload was overtaken
   * @throws the error of a fresh worker that could not be started. The old ones that are left serve on
   */
  async run(): Promise<boolean> {
    try {
      for (const worker of this.#options.old) {
        if (this.#isOvertaken) return false;
        // A worker that has died meanwhile was already replaced by a fresh one.
        if (worker.phase === 'serving') await this.#replace(worker);
      }
    } catch (error) {
      if (!(error instanceof OvertakenError)) throw error;
    }
    return !this.#isOvertaken;
  }

  async #replace(worker: W): Promise<void> {
    const { start, serve } = this.#options;
    const fresh = await start();
    const isStillThere = worker.phase === 'serving';
    if (isStillThere) serve(fresh);
    const leaving = isStillThere ? worker : fresh;
    leaving.drain();
    await Promise.race([leaving.gone, this.#overtaken.promise]);
  }
}
