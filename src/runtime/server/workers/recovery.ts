/**
 * The steps of main, in order, when a worker is stuck, hangs or has ended. Main thread, called by the
 * supervisor.
 *
 * Main touches nothing of a worker before its 'exit', because until then it may still write. After that the
 * order is an invariant. Each step relies on those before it:
 *
 *  1. Drain the ring, then the committed part of an open record. So no published answer is sent again.
 *  2. Move on the connections that it left behind (orphans.ts).
 *  3. Flush: the bytes of the steps before go out together.
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
    // If its parked bit stayed set, it would seem idle, and other workers would leave requests to it.
    this.#options.parked.unpark(worker.slot);
  }

  /**
   * The worker was terminated and has not ended. It hangs in a native call, and no client has to wait for
   * that.
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
