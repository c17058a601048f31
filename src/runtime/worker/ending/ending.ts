/**
 * How a worker ends. Every reason inside the thread leads here, and then to the exit of the thread:
 *
 *  - main tells it to drain: at a reload, at the stop of the server, or because it has failed. It takes no
 *    more requests, finishes those that it has, then stops the application.
 *  - something is thrown outside a request, or too many handlers never settle: the worker has failed, and
 *    main is told. It serves on until main has a replacement and tells it to drain, so that somebody always
 *    serves.
 *  - loading, starting or preparing the application fails: main is told, and the application is stopped at
 *    once.
 *
 * Each step has a deadline, after which the next one follows anyway. If the worker is ended from outside
 * (termination, process.exit), the main thread recovers its requests (server/workers/).
 */

import { isTooLate } from '../../http/application-errors.ts';
import { SuspendableTimer } from '../../suspendable-timer.ts';
import type { ToMain } from '../messages.ts';
import type { RequestWorker } from '../request-worker.ts';

/**
 * The deadlines of handlers are checked only at intervals. After this many times the deadline, all have
 * passed.
 */
const DEADLINE_SLACK = 1.25;

/** The part of the worker that an ending uses. */
export type DrainedWorker = Pick<
  RequestWorker,
  'drain' | 'endStreams' | 'forgetLateHandlers' | 'areDeadlinesSuspended'
>;

export interface EndingOptions {
  readonly drainTimeoutMs: number;
  readonly handlerTimeoutMs: number;
  readonly post: (message: ToMain) => void;
  readonly logger: { error(details: { readonly error: unknown }, message: string): void };
  /** null before the application is loaded. */
  readonly worker: () => DrainedWorker | null;
  readonly stopApplication: () => void | Promise<void>;
  /** Ends the thread, even if the application has left something open. */
  readonly exit: (code: number) => void;
}

export class Ending {
  readonly #options: EndingOptions;
  #phase: 'not begun' | 'draining' | 'stopping' = 'not begun';
  #hasFailed = false;
  #isExhausted = false;

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  /** Takes no more requests, finishes those that it has, stops the application, exits. */
  drain(): void {
    if (this.#phase !== 'not begun') return;
    this.#phase = 'draining';
    const { drainTimeoutMs, handlerTimeoutMs } = this.#options;
    const worker = this.#options.worker();
    if (worker === null) {
      this.drained();
      return;
    }
    setTimeout(() => {
      worker.endStreams();
      worker.forgetLateHandlers();
    }, drainTimeoutMs);
    // Handlers and slow readers have deadlines of their own. This one is for everything else.
    new SuspendableTimer(
      drainTimeoutMs + DEADLINE_SLACK * handlerTimeoutMs,
      () => worker.areDeadlinesSuspended,
      () => void this.#stop(1),
    );
    worker.drain();
  }

  /** Nothing is left to finish. */
  drained(): void {
    void this.#stop(0);
  }

  /** The worker could not be loaded, started or prepared. */
  fail(error: unknown): void {
    this.#options.post({ type: 'failed', ...textOf(error) });
    void this.#stop(1);
  }

  /** An error belongs to no request, so the state of the application is unknown. */
  failOutsideRequest(error: unknown): void {
    if (isTooLate(error)) {
      this.#options.logger.error(
        { error },
        'A handler went on after its request was answered. That is ignored',
      );
    } else if (this.#options.worker() === null) {
      this.fail(error);
    } else if (this.#hasFailed || this.#phase !== 'not begun') {
      this.#options.logger.error(
        { error },
        'An error was thrown outside a request while the worker is replaced',
      );
    } else {
      this.#hasFailed = true;
      this.#options.post({ type: 'failing', ...textOf(error), isExhausted: false });
    }
  }

  /** Too many handlers never settle. Main may know already that the worker has failed, but not that. */
  exhausted(): void {
    if (this.#isExhausted || this.#phase !== 'not begun') return;
    this.#hasFailed = true;
    this.#isExhausted = true;
    const error = new Error('Too many handlers never settle');
    this.#options.post({ type: 'failing', ...textOf(error), isExhausted: true });
  }

  async #stop(exitCode: number): Promise<void> {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    const { stopApplication, drainTimeoutMs, logger, exit } = this.#options;
    // If the application does not stop, the thread ends anyway.
    setTimeout(() => exit(1), drainTimeoutMs);
    let code = exitCode;
    try {
      await stopApplication();
    } catch (error) {
      logger.error({ error }, 'The application could not be stopped in order');
      code = 1;
    }
    exit(code);
  }
}

function textOf(error: unknown): { readonly message: string; readonly stack: string } {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  return { message, stack };
}
