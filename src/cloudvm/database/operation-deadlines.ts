/**
 * Gives every operation a deadline, because the driver has been seen to forget operations when its database
 * was killed: neither the timeout of the socket nor anything else ended them. An operation that is late fails
 * for its caller. What the driver still does for it is ignored.
 *
 * One timer serves all operations, and runs only while there are any.
 */

/** Deadlines are checked so often in the time that an operation has. */
const CHECKS_PER_TIMEOUT = 10;

interface Pending {
  /** In milliseconds of performance.now(). */
  readonly since: number;
  readonly reject: (error: unknown) => void;
}

export class OperationDeadlines {
  readonly #timeoutMs: number;
  readonly #lateError: () => Error;
  /** The oldest first, because a Set keeps the order of insertion. */
  readonly #pending = new Set<Pending>();
  #timer: NodeJS.Timeout | undefined;

  /** @param lateError is called for each operation that is late */
  constructor(timeoutMs: number, lateError: () => Error) {
    this.#timeoutMs = timeoutMs;
    this.#lateError = lateError;
  }

  /** @returns what settles as the operation does, or rejects when it is late */
  limit<Result>(operation: Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const pending = { since: performance.now(), reject };
    this.#pending.add(pending);
    this.#timer ??= setInterval(() => this.#check(), this.#timeoutMs / CHECKS_PER_TIMEOUT);
    operation.then(
      (result) => {
        this.#pending.delete(pending);
        resolve(result);
      },
      (error: unknown) => {
        this.#pending.delete(pending);
        reject(error);
      },
    );
    return promise;
  }

  #check(): void {
    const latest = performance.now() - this.#timeoutMs;
    for (const pending of this.#pending) {
      if (pending.since > latest) break;
      this.#pending.delete(pending);
      pending.reject(this.#lateError());
    }
    if (this.#pending.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
