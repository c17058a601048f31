/**
 * The time limit of one attempt: of its present phase, and of the whole call that it belongs to. It joins the
 * limits and the caller's signal to one signal.
 */
import { CloudVmTimeout, type TimeoutPhase } from '../errors/client-error.ts';
import type { Deadline } from '../retries/deadline.ts';

export class PhaseTimer implements Disposable {
  readonly #controller = new AbortController();
  readonly #what: string;
  readonly #deadline: Deadline;
  #timer: NodeJS.Timeout | undefined;

  /** @param what begins the message of the error */
  constructor(what: string, deadline: Deadline) {
    this.#what = what;
    this.#deadline = deadline;
    const { signal } = deadline;
    if (signal?.aborted) this.#abortAsCaller();
    else signal?.addEventListener('abort', this.#abortAsCaller, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(phase: TimeoutPhase, ms: number): void {
    this.pause();
    const left = this.#deadline.leftMs;
    const isTotal = left < ms;
    this.#timer = setTimeout(
      () => this.#controller.abort(new CloudVmTimeout(this.#what, isTotal ? 'total' : phase)),
      Math.max(0, isTotal ? left : ms),
    );
  }

  /** No phase goes on. Only the caller's signal counts. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.pause();
    this.#deadline.signal?.removeEventListener('abort', this.#abortAsCaller);
  }

  readonly #abortAsCaller = (): void => {
    this.#controller.abort(this.#deadline.signal?.reason);
  };
}
