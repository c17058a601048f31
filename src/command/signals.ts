/**
 * The signals that a process manager or a terminal sends: SIGINT and SIGTERM stop the server in order, SIGHUP
 * replaces its workers, or stops the server if it ended the parent process too. Used by the command on the
 * main thread.
 */
import { killProcess } from '../runtime/index.ts';
import { Parent } from './parent.ts';

/**
 * A second stop signal within this time repeats the first one, because npm and the terminal each deliver
 * Ctrl-C. A later one ends SHUTDOWN_DELAY_MS if that is under way, and else the process at once.
 */
const SAME_SIGNAL_MS = 1_000;

export interface StopReason {
  /** For the log. */
  readonly message: string;
  readonly databaseFailed: boolean;
}

export class Signals {
  /** Resolves at the first signal to stop. */
  readonly stop: Promise<StopReason>;
  readonly #resolve: (reason: StopReason) => void;
  /** The time of the last signal to stop that did not repeat another. */
  #lastAt: number | null = null;
  #reload: (() => Promise<void>) | null = null;
  #hurry: (() => boolean) | null = null;
  readonly #parent = new Parent();

  constructor() {
    const { promise, resolve } = Promise.withResolvers<StopReason>();
    this.stop = promise;
    this.#resolve = resolve;
    process.on('SIGINT', (signal) => this.#onStop(signal));
    process.on('SIGTERM', (signal) => this.#onStop(signal));
    process.on('SIGHUP', () => this.#onHangUp());
  }

  /** Whether the process was asked to stop. */
  get received(): boolean {
    return this.#lastAt !== null;
  }

  onReload(reload: () => Promise<void>): void {
    this.#reload = reload;
  }

  /** @param hurry is called at a later signal. Returns whether it has shortened the stop */
  onHurry(hurry: () => boolean): void {
    this.#hurry = hurry;
  }

  /** A process that is still starting has nothing to reload yet. */
  #onHangUp(): void {
    void this.#reload?.();
    void this.#stopWithParent();
  }

  async #stopWithParent(): Promise<void> {
    if (!(await this.#parent.isEnding())) return;
    this.#lastAt ??= performance.now();
    this.#resolve({ message: 'SIGHUP has ended the parent process', databaseFailed: false });
  }

  #onStop(signal: NodeJS.Signals): void {
    const now = performance.now();
    this.#lastAt ??= now;
    const isLater = now - this.#lastAt > SAME_SIGNAL_MS;
    if (isLater) {
      this.#lastAt = now;
      if (this.#hurry?.() !== true) killProcess();
    }
    this.#resolve({ message: signal, databaseFailed: false });
  }
}
