/**
 * Counts how often the work of one connection was repeated after the death of a worker. It is bounded,
 * because a request that kills one worker may kill the next. Main thread: workers/orphans.ts asks it, and an
 * answered request resets it.
 */

/** For a request that was in flight when another request killed its worker. */
const MAX_RERUNS = 1;
/**
 * For a connection whose worker died before it had begun a request. Bytes that crash the parser must not kill
 * all workers.
 */
const MAX_RETAKES = 8;

export class Attempts {
  #reruns = 0;
  #retakes = 0;

  /** Counts one more run of the request in process. @returns whether it is allowed */
  rerun(): boolean {
    return this.#reruns++ < MAX_RERUNS;
  }

  /** Counts one more attempt to parse bytes that are not a request yet. @returns whether it is allowed */
  retake(): boolean {
    return this.#retakes++ < MAX_RETAKES;
  }

  reset(): void {
    this.#reruns = 0;
    this.#retakes = 0;
  }
}
