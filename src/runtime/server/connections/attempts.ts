/**
 * How often the work of one connection was tried again after the death of a worker. Bounded, because what
 * kills one worker may kill the next. Main thread: asked by workers/orphans.ts, reset when a request is
 * answered.
 */

/** For a request that was in flight when its worker died of another one. */
const MAX_RERUNS = 1;
/**
 * For a connection whose worker died before it had begun a request. Bytes that cannot be parsed must not kill
 * all.
 */
const MAX_RETAKES = 8;

export class Attempts {
  #reruns = 0;
  #retakes = 0;

  /** Counts one more run of the request in process. @returns whether it is allowed */
  rerun(): boolean {
    return this.#reruns++ < MAX_RERUNS;
  }

  /** Counts one more look at what has not become a request yet. @returns whether it is allowed */
  retake(): boolean {
    return this.#retakes++ < MAX_RETAKES;
  }

  reset(): void {
    this.#reruns = 0;
    this.#retakes = 0;
  }
}
