/**
 * The main thread's round: drain every ring, hand heavy requests to idle workers, wake a worker if one more pays.
 * It runs by `setImmediate`, so after all sockets that were readable in this turn of the event loop.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { ReadyQueue } from '../../memory/connections/ready-queue.ts';
import type { MainBell, ParkedWorkers } from '../../memory/synchronization/parking.ts';
import { type Connection, WAITS_FOR_IDLE } from '../sockets/connection.ts';
import { type Connections, insist } from '../sockets/connections.ts';
import type { Outbound } from '../sockets/outbound.ts';
import type { WorkerHandle } from '../workers/worker-handle.ts';
import { Doorbell } from './doorbell.ts';
import { STALL_MS, WakePolicy } from './wake-policy.ts';

/** How long a heavy request waits for a worker without handlers in flight before any worker may run it. */
const HEAVY_PATIENCE_MS = 50;

/** Rounds without anything new before main parks. */
const IDLE_ROUNDS = 1;

export interface DispatcherOptions {
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly parked: ParkedWorkers;
  readonly bell: MainBell;
  readonly connections: Connections;
  readonly outbound: Outbound;
  readonly maxInFlight: number;
}

interface HeavyRequest {
  readonly connection: Connection;
  readonly since: number;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #doorbell: Doorbell;
  readonly #wakePolicy = new WakePolicy();
  readonly #workers = new Map<number, WorkerHandle>();
  #heavy: HeavyRequest[] = [];
  #idleRounds = 0;
  /** A connection became ready, or a worker rang, since main last parked with its timer set. */
  #isRung = false;
  readonly #heavyTimer = setTimeout(() => this.#doorbell.ring(), HEAVY_PATIENCE_MS + 1).unref();
  readonly #stallTimer = setTimeout(() => this.#doorbell.ring(), STALL_MS).unref();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#doorbell = new Doorbell({
      bell: options.bell,
      poll: () => this.#round(),
      lookAgain: () => this.#hasWork(),
    });
  }

  addWorker(worker: WorkerHandle): void {
    this.#workers.set(worker.slot, worker);
    this.ring();
  }

  removeWorker(worker: WorkerHandle): void {
    this.#workers.delete(worker.slot);
  }

  ring(): void {
    this.#isRung = true;
    this.#doorbell.ring();
  }

  stop(): void {
    clearTimeout(this.#stallTimer);
    clearTimeout(this.#heavyTimer);
    this.#doorbell.stop();
  }

  /** A worker gave back a request for a heavy route. */
  addHeavy(connection: Connection): void {
    connection.handedOut = true;
    connection.assignedTo = WAITS_FOR_IDLE;
    this.#options.table.makeReady(connection.number);
    this.#heavy.push({ connection, since: performance.now() });
    this.#heavyTimer.refresh();
    this.ring();
  }

  /** Drains what a worker has published; also after its 'exit'. @returns whether there was anything */
  drain(worker: WorkerHandle): boolean {
    const { ring } = worker;
    if (!ring.next()) return false;
    do this.#options.connections.onRecord(ring);
    while (ring.next());
    this.#options.outbound.flush();
    ring.release();
    worker.ringRoomWaited();
    return true;
  }

  #round(): boolean {
    let drained = false;
    for (const worker of this.#workers.values()) if (this.drain(worker)) drained = true;
    if (this.#heavy.length > 0) this.#placeHeavy();
    this.#wake();
    if (drained) this.#idleRounds = 0;
    return this.#idleRounds++ < IDLE_ROUNDS;
  }

  #wake(): void {
    const { queue, parked } = this.#options;
    const backlog = queue.length;
    if (backlog === 0) return;
    const candidate = this.#leastLoadedParked();
    if (candidate === null) return;
    const wake = this.#wakePolicy.shouldWake({
      now: performance.now(),
      head: queue.head,
      backlog,
      awake: this.#awakeWorkers(),
      meanNanoseconds: this.#meanNanoseconds(),
    });
    if (wake && parked.unpark(candidate.slot)) candidate.wake();
  }

  /**
   * With a backlog main sleeps only while somebody is awake: whoever is looks at the queue once more before it parks. Should
   * it be held up in a handler instead, the stall timer makes main decide again. Polling for that would take the
   * processor that the worker needs. The same timer fetches what a worker has published and not rung for yet, because the
   * next handler seemed quick and is not; once, as a worker rings when it comes back from such a handler.
   */
  #hasWork(): boolean {
    for (const worker of this.#workers.values()) if (!worker.ring.isEmpty) return true;
    const candidate = this.#leastLoadedParked();
    if (candidate !== null && this.#heavy.length > 0 && candidate.words.inFlight === 0) return true;
    const isAnyAwake = this.#awakeWorkers() > 0;
    const hasBacklog = candidate !== null && this.#options.queue.length > 0;
    if (hasBacklog && !isAnyAwake) return true;
    if (hasBacklog || (isAnyAwake && this.#isRung)) {
      this.#isRung = false;
      this.#stallTimer.refresh();
    }
    return false;
  }

  /** Hands heavy requests to parked workers that run nothing; the impatient ones go back into the queue. */
  #placeHeavy(): void {
    const now = performance.now();
    const waiting: HeavyRequest[] = [];
    for (const request of this.#heavy) {
      const { connection } = request;
      const idle = connection.closed ? null : this.#leastLoadedParked();
      if (idle !== null && idle.words.inFlight === 0 && this.#options.parked.unpark(idle.slot)) {
        connection.assignedTo = idle.slot;
        idle.send({ type: 'serve', connection: connection.number });
      } else if (connection.closed || now - request.since > HEAVY_PATIENCE_MS) {
        insist(this.#options.table, connection);
        this.#options.connections.makeReady(connection);
      } else {
        waiting.push(request);
      }
    }
    this.#heavy = waiting;
  }

  /** A parked worker that may take another request, the one with the fewest handlers in flight. */
  #leastLoadedParked(): WorkerHandle | null {
    const { parked, maxInFlight } = this.#options;
    if (!parked.any) return null;
    let best: WorkerHandle | null = null;
    let fewest = maxInFlight;
    for (const worker of this.#workers.values()) {
      if (worker.phase !== 'serving' || !parked.isParked(worker.slot)) continue;
      const { inFlight } = worker.words;
      if (inFlight < fewest) {
        best = worker;
        fewest = inFlight;
        if (inFlight === 0) break;
      }
    }
    return best;
  }

  /** Workers that will look at the queue soon; not those that drain, nor those in a handler known to be heavy. */
  #awakeWorkers(): number {
    const { parked } = this.#options;
    let count = 0;
    for (const { phase, slot, words } of this.#workers.values()) {
      if (phase === 'serving' && !parked.isParked(slot) && !words.isHeavy) count++;
    }
    return count;
  }

  #meanNanoseconds(): number {
    let sum = 0;
    let count = 0;
    for (const worker of this.#workers.values()) {
      const mean = worker.words.meanNanoseconds;
      if (mean > 0) {
        sum += mean;
        count++;
      }
    }
    return count === 0 ? 0 : sum / count;
  }
}
