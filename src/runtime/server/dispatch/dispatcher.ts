/**
 * The main thread's round: drain every ring, hand heavy requests to idle workers, wake a worker if one more
 * pays. It runs by `setImmediate`, so it runs after all sockets that were readable in this turn of the event
 * loop.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { ReadyQueue } from '../../memory/connections/ready-queue.ts';
import type { MainBell, ParkedWorkers } from '../../memory/synchronization/parking.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connections/connection.ts';
import type { Ownership } from '../connections/ownership.ts';
import type { Outbound } from '../sockets/outbound.ts';
import { Doorbell } from './doorbell.ts';
import { HeavyRequests } from './heavy-requests.ts';
import { STALL_MS, WakePolicy } from './wake-policy.ts';
import { type DispatchedWorker, WorkerLoad } from './worker-load.ts';

/** Rounds without anything new before main parks. */
const IDLE_ROUNDS = 1;

export interface DispatcherOptions {
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly parked: ParkedWorkers;
  readonly bell: MainBell;
  readonly ownership: Pick<Ownership, 'onRecord' | 'makeReady'>;
  readonly outbound: Pick<Outbound, 'flush'>;
  readonly maxInFlight: number;
  /** As many workers can serve at the same moment. */
  readonly processors: number;
  readonly clock: Clock;
  /** Requests wait in the queue. */
  readonly onBacklog: () => void;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #doorbell: Doorbell;
  readonly #wakePolicy: WakePolicy;
  readonly #load: WorkerLoad;
  readonly #heavy: HeavyRequests;
  #idleRounds = 0;
  /** Answers stay in the rings for a moment. */
  #isHeld = false;
  /** A connection became ready, or a worker rang, since main last parked with its timer set. */
  #isRung = false;
  readonly #stallTimer: NodeJS.Timeout;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#wakePolicy = new WakePolicy(options.processors);
    this.#load = new WorkerLoad(options.parked, options.maxInFlight);
    this.#doorbell = new Doorbell({
      bell: options.bell,
      poll: () => this.#round(),
      lookAgain: () => this.#hasWork(),
    });
    this.#heavy = new HeavyRequests({
      ...options,
      load: this.#load,
      makeReady: (connection) => options.ownership.makeReady(connection),
      onImpatient: () => this.#doorbell.ring(),
    });
    this.#stallTimer = setTimeout(() => this.#doorbell.ring(), STALL_MS).unref();
  }

  addWorker(worker: DispatchedWorker): void {
    this.#load.add(worker);
    this.ring();
  }

  removeWorker(worker: DispatchedWorker): void {
    this.#load.remove(worker);
  }

  ring(): void {
    this.#isRung = true;
    this.#doorbell.ring();
  }

  /**
   * Leaves what workers have published where it is, until the result is disposed of. It is as if main were
   * busy for so long: workers wait for room in their rings then, and for credit.
   */
  hold(): Disposable {
    this.#isHeld = true;
    return {
      [Symbol.dispose]: () => {
        this.#isHeld = false;
        this.ring();
      },
    };
  }

  /** Whether a worker sleeps that would take a request. */
  get isAnyoneFree(): boolean {
    return this.#load.busiestParked() !== null;
  }

  stop(): void {
    clearTimeout(this.#stallTimer);
    this.#heavy.stop();
    this.#doorbell.stop();
  }

  /** A worker gave back a request for a heavy route. */
  addHeavy(connection: Connection): void {
    this.#heavy.add(connection);
    this.ring();
  }

  /** Drains what a worker has published, also after its 'exit'. @returns whether there was anything */
  drain(worker: DispatchedWorker): boolean {
    const { ring } = worker;
    if (!ring.next()) return false;
    const { ownership, outbound } = this.#options;
    this.#load.published(worker);
    do ownership.onRecord(ring);
    while (ring.next());
    outbound.flush();
    ring.release();
    worker.ringRoomWaited();
    return true;
  }

  #round(): boolean {
    let drained = false;
    if (!this.#isHeld) {
      for (const worker of this.#load.workers()) if (this.drain(worker)) drained = true;
    }
    if (this.#heavy.any) this.#heavy.place();
    const hasWoken = this.#wake();
    if (drained) this.#idleRounds = 0;
    // Who was woken has published nothing yet, and will ring.
    else if (hasWoken) return false;
    return this.#idleRounds++ < IDLE_ROUNDS;
  }

  /** @returns whether a worker was woken */
  #wake(): boolean {
    const { queue, parked, clock } = this.#options;
    const backlog = queue.length;
    if (backlog === 0) return false;
    this.#options.onBacklog();
    const candidate = this.#load.busiestParked();
    if (candidate === null) return false;
    const now = clock.now();
    const wake = this.#wakePolicy.shouldWake({
      now,
      head: queue.head,
      backlog,
      awake: this.#load.awake(now),
      meanNanoseconds: this.#load.meanNanoseconds,
    });
    if (!wake || !parked.unpark(candidate.slot)) return false;
    candidate.wake();
    return true;
  }

  /**
   * With a backlog main sleeps only while a worker is awake, because that worker looks at the queue once more
   * before it parks. Polling would take the processor that the worker needs. If a handler holds the worker
   * up, the stall timer makes main decide again. The same timer fetches records for which a worker has not
   * rung, because it wrongly expected its next handler to be quick. The timer runs once, because a worker
   * rings when such a handler returns.
   */
  #hasWork(): boolean {
    if (!this.#isHeld) {
      for (const worker of this.#load.workers()) if (!worker.ring.isEmpty) return true;
    }
    if (this.#heavy.any && this.#load.leastLoadedParked() !== null) return true;
    const { queue, clock } = this.#options;
    const hasBacklog = queue.length > 0 && this.#load.busiestParked() !== null;
    if (hasBacklog && this.#load.awake(clock.now()) === 0) return true;
    if (hasBacklog || (this.#isRung && this.#load.isAnyAwake)) {
      this.#isRung = false;
      this.#stallTimer.refresh();
    }
    return false;
  }
}
