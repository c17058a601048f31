/**
 * What main does when a worker is stuck, hangs or has ended, and in which order. Main thread, called by the
 * supervisor.
 *
 * Nothing of a worker is touched before its 'exit' was seen, because until then it may still write. After
 * that the order is an invariant. Each step relies on those before it:
 *
 *  1. Drain the ring, then what the worker had committed of an open record. What it published is answered, so
 *     nothing of it is answered again.
 *  2. Move on the connections that it left behind (orphans.ts).
 *  3. Flush: what the steps before have written goes out together.
 *  4. Empty its ring and its words, and let it out of the start gate. From here on a new thread may have the
 *     slot.
 */

import type { ParkedWorkers } from '../../memory/synchronization/parking.ts';
import type { StartGate } from '../../memory/synchronization/start-gate.ts';
import type { Ownership } from '../connections/ownership.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Outbound } from '../sockets/outbound.ts';
import type { CauseOfDeath } from './cause-of-death.ts';
import { Orphans, type OrphansOptions } from './orphans.ts';
import type { WorkerHandle } from './worker-handle.ts';

export interface RecoveryOptions extends OrphansOptions {
  readonly parked: ParkedWorkers;
  readonly startGate: Pick<StartGate, 'onExit'>;
  readonly ownership: OrphansOptions['ownership'] & Pick<Ownership, 'onRecord'>;
  readonly outbound: Pick<Outbound, 'flush'>;
  readonly dispatcher: Pick<Dispatcher, 'drain' | 'removeWorker' | 'ring'>;
}

export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #orphans: Orphans;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#orphans = new Orphans(options);
  }

  /** The worker is stuck in a handler and is being terminated. */
  afterStuck(worker: WorkerHandle): void {
    // Parked as it is, it would seem idle to the others, which would leave requests to it.
    this.#options.parked.unpark(worker.slot);
  }

  /**
   * The worker was terminated and has not ended: it hangs in a native call, and nobody is to wait for that.
   */
  afterHung(worker: WorkerHandle, cause: CauseOfDeath): void {
    this.#drain(worker);
    this.#orphans.abandon(worker, cause);
    this.#options.outbound.flush();
  }

  /** The 'exit' of the worker was seen. */
  afterExit(worker: WorkerHandle, cause: CauseOfDeath): void {
    const { parked, dispatcher, outbound, startGate } = this.#options;
    parked.unpark(worker.slot);
    this.#drain(worker);
    dispatcher.removeWorker(worker);
    this.#orphans.moveOn(worker, cause);
    outbound.flush();
    worker.ring.reset();
    worker.words.reset();
    startGate.onExit(worker.slot);
    dispatcher.ring();
  }

  /** Decides about connections that a living worker claimed too. The slow timer calls it. */
  lookAgain(): void {
    this.#orphans.lookAgain();
  }

  #drain(worker: WorkerHandle): void {
    const { dispatcher, ownership } = this.#options;
    dispatcher.drain(worker);
    if (worker.ring.nextSalvaged()) ownership.onRecord(worker.ring);
  }
}
