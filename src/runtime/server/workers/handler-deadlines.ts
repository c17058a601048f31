/**
 * Whether the deadlines of handlers are suspended. They are while a debugger is attached, because a worker
 * may stand at a breakpoint and must go on afterwards. Main thread.
 *
 * A debugger counts as attached while the inspector of this process is open. No API tells more than that.
 * With --inspect it is open from the start, and SIGUSR1 or `inspector.open()` opens it later. Workers cannot
 * ask, because in their threads the inspector has no URL. They read a flag in shared memory when a deadline
 * is over, so requests do not pay for it.
 *
 * Deadlines are suspended that would end a worker, or answer in its place, because its handler or its start
 * takes too long:
 *
 *  - the sign of life that a worker owes (watchdog.ts),
 *  - the 504 of a handler that is in flight (worker/handlers-in-flight.ts),
 *  - the end of a drain whose handlers do not settle (worker/ending/ending.ts),
 *  - the time to load, start and prepare the application (supervisor.ts),
 *  - the refusal to run a request again that is past its deadline (orphans.ts).
 *
 * The deadlines of clients are not suspended, nor are those of a stop or a reload (DRAIN_TIMEOUT_MS,
 * SHUTDOWN_TIMEOUT_MS). So a process with a worker at a breakpoint can be stopped.
 */

import type { AtomicFlag } from '../../memory/synchronization/atomic-flag.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';

export interface HandlerDeadlinesOptions {
  /** Set while deadlines are suspended, for the workers. */
  readonly suspended: AtomicFlag;
  readonly logger: RuntimeLogger;
  readonly isInspectorOpen?: () => boolean;
}

export class HandlerDeadlines {
  readonly #options: HandlerDeadlinesOptions;

  constructor(options: HandlerDeadlinesOptions) {
    this.#options = options;
    this.areSuspended();
  }

  /**
   * Looks whether a debugger has come or gone, and tells the workers and the log. The slow timer calls it,
   * and so does every caller that is about to end a worker.
   * @returns whether deadlines are suspended
   */
  areSuspended(): boolean {
    const { suspended, logger, isInspectorOpen = isOpen } = this.#options;
    const isDebugged = isInspectorOpen();
    if (isDebugged === suspended.isSet()) return isDebugged;
    if (isDebugged) {
      suspended.set();
      logger.warn({}, 'Deadlines of handlers are suspended: the process is open to a debugger');
    } else {
      suspended.clear();
      logger.info({}, 'Deadlines of handlers count again: the process is closed to debuggers');
    }
    return isDebugged;
  }
}

function isOpen(): boolean {
  // A Node.js that was built without an inspector throws when the module is loaded.
  return process.features.inspector && process.getBuiltinModule('node:inspector').url() !== undefined;
}
