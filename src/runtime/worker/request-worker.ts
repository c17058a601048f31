/**
 * The loop of a worker thread: takes connections from the ready queue and serves a turn of each, until there is
 * nothing left or other things of its event loop have waited long enough. See memory/parking.ts for how it sleeps.
 */

import type { Core } from '../core/core.ts';
import { ParseRecord } from '../core/parse-record.ts';
import type { Pipeline } from '../http/pipeline.ts';
import type { Request } from '../http/request/request.ts';
import { wordsToAddress } from '../memory/connections/peer-address.ts';
import { QUEUE_EMPTY } from '../memory/connections/ready-queue.ts';
import type { WorkerContext } from './context.ts';
import { OutputWaiters } from './output/output.ts';
import { UnsentMemory } from './output/unsent-memory.ts';
import { Turn } from './turn/turn.ts';

/** Turns, and milliseconds, after which the worker lets its event loop have a round. */
const MAX_TURNS = 64;
const MAX_RUN_MS = 1;
/** Within a run main is rung this often, so that it can send while the worker serves. */
const TURNS_BETWEEN_RINGS = 16;
/** Handlers in flight above which a worker leaves further requests to one that has fewer. */
const COMFORTABLE_IN_FLIGHT = 8;
/** Weight of a new sample in the mean time of a turn. */
const SMOOTHING = 1 / 16;
/** A sample counts as at most this many times the mean, plus FIRST_NANOSECONDS. */
const LARGEST_STEP = 4;
const FIRST_NANOSECONDS = 10_000;

export interface RequestWorkerOptions {
  readonly context: WorkerContext;
  readonly core: Core;
  readonly pipeline: Pipeline;
  readonly onError: (error: unknown, request: Request) => void;
  /** So many handlers never settle that the worker is of little use. */
  readonly onExhausted: () => void;
  /** A drain has come to its end: nothing is in flight any more. */
  readonly onDrained: () => void;
}

export class RequestWorker {
  readonly context: WorkerContext;
  readonly core: Core;
  /** What the core said about the request that it parsed last. */
  readonly record: ParseRecord;
  readonly pipeline: Pipeline;
  /** Turns that wait for room in this worker's ring, or for their connection's credit. */
  readonly ringWaiters = new OutputWaiters();
  readonly creditWaiters = new OutputWaiters();
  readonly unsent: UnsentMemory;
  readonly #options: RequestWorkerOptions;
  /** Turns that wait for a handler or for their response to be sent. */
  readonly #suspended = new Map<number, Turn>();
  readonly #addresses: { generation: number; text: string }[] = [];
  #inFlight = 0;
  /** Of those in flight, the ones whose clients were answered with 504. */
  #tooLate = 0;
  #serving = false;
  #scheduled = false;
  #draining = false;
  #hasDrained = false;
  #waitsForLateHandlers = true;
  #endsStreams = false;
  #meanNanoseconds = 0;
  #lastTime = 0;
  #handlerTimer: NodeJS.Timeout | undefined;

  constructor(options: RequestWorkerOptions) {
    this.#options = options;
    this.context = options.context;
    this.core = options.core;
    this.record = new ParseRecord(options.core.record);
    this.pipeline = options.pipeline;
    this.unsent = new UnsentMemory(this.context.words, this.context.start.outboundMemoryMb);
  }

  /** When the clock was last read, in milliseconds of performance.now(): at the latest when the handler answered. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** No stream is to be begun that may have no end. */
  get endsStreams(): boolean {
    return this.#endsStreams;
  }

  /** Handlers that have returned a promise and have not settled, those that were too late included. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes part from now on. */
  start(): void {
    // A worker that had to give up before it could begin is replaced.
    if (this.#draining) return;
    this.#serving = true;
    this.#run();
  }

  /** The doorbell: look at everything again. */
  onBell(): void {
    this.ringWaiters.notify();
    this.creditWaiters.notify();
    if (this.#draining) {
      // The wake-up was meant for someone who takes requests.
      if (this.context.queue.length > 0) this.context.ringMain();
      return;
    }
    if (this.#serving) this.#run();
  }

  /** A READY connection that main has chosen this worker for. */
  serveConnection(connection: number): void {
    // The application is being stopped: main finds the connection when this thread ends, and queues it again.
    if (this.#hasDrained) return;
    this.#lastTime = performance.now();
    this.#serveTurn(connection, true);
    if (!this.#draining) this.#run();
  }

  onAbort(connection: number, generation: number): void {
    const turn = this.#suspended.get(connection);
    if (turn?.generation === generation) turn.clientGone();
  }

  /** Takes no more requests; `onDrained` follows when those it has are answered. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#serving = false;
    const wasWoken = !this.context.parked.unpark(this.context.slot);
    if (wasWoken && this.context.queue.length > 0) this.context.ringMain();
    this.#checkDrained();
  }

  /** Streams may have no end of their own: they are cut off, and no more are begun. Their clients ask another worker. */
  endStreams(): void {
    this.#endsStreams = true;
    for (const turn of [...this.#suspended.values()]) turn.endStream();
  }

  /** A drain waits no longer for handlers whose clients were answered with 504. */
  forgetLateHandlers(): void {
    this.#waitsForLateHandlers = false;
    if (this.#draining) this.#checkDrained();
  }

  // ---- Called by turns ----

  /** The turn waits for something; others go on. */
  suspended(turn: Turn): void {
    this.#suspended.set(turn.connection, turn);
    if (turn.handlerSince !== 0) {
      this.#setInFlight(this.#inFlight + 1);
      this.#watchHandlers();
    }
  }

  /** A handler of a heavy route is about to run: whoever still waits in the queue needs another worker, now. */
  beginHeavy(): void {
    const { words, queue } = this.context;
    words.isHeavy = true;
    if (queue.length > 0) this.context.ringMain();
    this.context.flushRing();
  }

  ended(turn: Turn): void {
    this.#suspended.delete(turn.connection);
    if (this.#draining) this.#checkDrained();
  }

  handlerSettled(wasTooLate: boolean): void {
    if (wasTooLate) this.#tooLate--;
    this.#setInFlight(this.#inFlight - 1);
    this.#lastTime = performance.now();
    if (this.#draining) this.#checkDrained();
    else if (!this.#scheduled && this.#serving && this.context.queue.length > 0) this.#schedule();
  }

  reportError(error: unknown, request: Request): void {
    this.#options.onError(error, request);
  }

  /** Reads the clock. @param route whose handler ran synchronously since the last reading, or NO_ROUTE */
  countTime(route: number): void {
    const now = performance.now();
    this.context.routeTimes.add(route, now - this.#lastTime);
    this.#lastTime = now;
  }

  /** The address of a connection's client; made into text once for each connection. */
  remoteAddress(connection: number, generation: number): string {
    const known = this.#addresses[connection];
    if (known?.generation === generation) return known.text;
    const text = wordsToAddress(...this.context.table.peer(connection));
    this.#addresses[connection] = { generation, text };
    return text;
  }

  // ---- The loop ----

  readonly #run = (): void => {
    this.#scheduled = false;
    if (!this.#serving) return;
    const { context } = this;
    context.parked.unpark(context.slot);
    const start = performance.now();
    this.#lastTime = start;
    let turns = 0;
    let mustYield = false;
    context.beginBatch();
    try {
      do {
        while (this.#mayTake() && !mustYield) {
          const connection = context.queue.pop(context.words.claimWord);
          if (connection === QUEUE_EMPTY) break;
          this.#serveTurn(connection, false);
          turns++;
          if (turns % TURNS_BETWEEN_RINGS === 0) context.flushRing();
          mustYield = turns >= MAX_TURNS || this.#lastTime - start > MAX_RUN_MS;
        }
      } while (!mustYield && !this.#park());
    } finally {
      context.endBatch();
    }
    if (turns > 0) this.#countTurns(turns, this.#lastTime - start);
    if (mustYield) this.#schedule();
  };

  #serveTurn(connection: number, insist: boolean): void {
    const { context } = this;
    const word = context.table.take(connection, context.slot);
    context.words.clearClaim();
    if (word !== 0) new Turn(this, connection, word, insist).serve();
  }

  /**
   * Sets the flag, then looks again: main pushes first and looks at the flag after, so one of us sees the other.
   * @returns false when there is work after all
   */
  #park(): boolean {
    const { parked, queue, slot } = this.context;
    parked.park(slot);
    if (queue.length === 0) return true;
    if (this.#mayTake()) {
      // If the bit is gone already, main's ring is on its way; it will find nothing to do, which does no harm.
      parked.unpark(slot);
      return false;
    }
    // Full, and there is a backlog: main must know, so that it wakes another. Still in the batch, this rings at its end.
    this.context.ringMain();
    return true;
  }

  /** Whether this worker should take another request, or leave it to one that is better placed. */
  #mayTake(): boolean {
    if (!this.#serving || this.ringWaiters.any) return false;
    if (this.#inFlight >= this.context.start.maxInFlight) return false;
    return this.#inFlight < COMFORTABLE_IN_FLIGHT || !this.#someoneElseHasFewer();
  }

  #someoneElseHasFewer(): boolean {
    const { parked, slot, words, shared } = this.context;
    for (let other = 0; other < shared.layout.slots; other++) {
      if (other !== slot && parked.isParked(other) && words.inFlightOf(other) < this.#inFlight) return true;
    }
    return false;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  #countTurns(turns: number, milliseconds: number): void {
    // Clamped: where the system took the processor away in between, the time says nothing about the requests.
    const sample = Math.min(
      (milliseconds * 1e6) / turns,
      LARGEST_STEP * this.#meanNanoseconds + FIRST_NANOSECONDS,
    );
    this.#meanNanoseconds += (sample - this.#meanNanoseconds) * SMOOTHING;
    this.context.words.meanNanoseconds = Math.round(this.#meanNanoseconds);
  }

  #setInFlight(count: number): void {
    this.#inFlight = count;
    this.context.words.inFlight = count;
  }

  /** One timer for all handlers, running only while there are any. */
  #watchHandlers(): void {
    if (this.#handlerTimer !== undefined) return;
    const { handlerTimeoutMs } = this.context.start;
    this.#handlerTimer = setInterval(() => this.#checkHandlers(), Math.max(10, handlerTimeoutMs / 8));
  }

  #checkHandlers(): void {
    if (this.#inFlight === 0) {
      clearInterval(this.#handlerTimer);
      this.#handlerTimer = undefined;
      return;
    }
    this.#lastTime = performance.now();
    const oldest = this.#lastTime - this.context.start.handlerTimeoutMs;
    for (const turn of [...this.#suspended.values()]) {
      if (turn.handlerSince === 0 || turn.handlerSince >= oldest) continue;
      this.#tooLate++;
      turn.handlerTimedOut();
    }
    if (this.#tooLate * 2 > this.context.start.maxInFlight) this.#options.onExhausted();
  }

  #checkDrained(): void {
    if (this.#suspended.size > 0 || (this.#inFlight > 0 && this.#waitsForLateHandlers)) return;
    clearInterval(this.#handlerTimer);
    this.#handlerTimer = undefined;
    this.#hasDrained = true;
    this.#options.onDrained();
  }
}
