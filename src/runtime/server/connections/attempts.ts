/**
 * Counts how often the work of one connection was repeated after the death of a worker. It is bounded,
 * because a request that kills one worker may kill the next. Main thread: workers/orphans.ts asks it, and an
 * answered request resets it.
 */

/** For a request that was in flight when its worker died, and may have killed it. */
const MAX_RERUNS = 1;
/** For one that certainly has not, because the handler of another ran synchronously. */
const MAX_INNOCENT_RERUNS = 8;
/**
 * For a connection whose worker died before it had begun a request. Bytes that crash the parser must not kill
 * all workers.
 */
const MAX_RETAKES = 8;

export class Attempts {
  #reruns = 0;
  #innocentReruns = 0;
  #retakes = 0;

  /**
   * Counts one more run of the request in process.
   * @param isInnocent another request has killed the worker
   * @returns whether it is allowed
   */
  rerun(isInnocent: boolean): boolean {
    return isInnocent ? this.#innocentReruns++ < MAX_INNOCENT_RERUNS : this.#reruns++ < MAX_RERUNS;
  }

  /** Counts one more attempt to parse bytes that are not a request yet. @returns whether it is allowed */
  retake(): boolean {
    return this.#retakes++ < MAX_RETAKES;
  }

  reset(): void {
    this.#reruns = 0;
    this.#innocentReruns = 0;
    this.#retakes = 0;
  }
}
