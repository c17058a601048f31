/** Serves turns one at a time for a test, with a stand-in for the worker that a turn asks. */

import { setImmediate } from 'node:timers/promises';
import { ParseRecord } from '../../../../src/runtime/core/parse-record.ts';
import { TrustedProxies } from '../../../../src/runtime/http/forwarding/trusted-proxies.ts';
import type { Pipeline } from '../../../../src/runtime/http/pipeline.ts';
import { RouteTimes } from '../../../../src/runtime/memory/workers/route-times.ts';
import { HeavyRequests } from '../../../../src/runtime/worker/heavy-requests.ts';
import type { ToMain } from '../../../../src/runtime/worker/messages.ts';
import { Peers } from '../../../../src/runtime/worker/turn/peers.ts';
import { Turn } from '../../../../src/runtime/worker/turn/turn.ts';
import type { SuspendedTurn, TurnHost } from '../../../../src/runtime/worker/turn/turn-host.ts';
import { MainSide, type MainSideOptions, type PublishedRecord, SLOT } from './main-side.ts';
import { createWorkerSide, type Routes, type WorkerSide } from './worker-side.ts';

/** The reports of turns to their worker. */
export class RecordingHost implements TurnHost {
  readonly context: TurnHost['context'];
  readonly core: TurnHost['core'];
  readonly record: TurnHost['record'];
  readonly pipeline: Pipeline;
  readonly heavyRequests: HeavyRequests;
  readonly peers: Peers;
  isEnding = false;
  endsStreams = false;
  admitsUpload = true;
  /** Handlers in flight, as the worker would count them. */
  count = 0;
  /** Turns that wait, by connection. */
  readonly waiting = new Map<number, SuspendedTurn>();
  /** For each handler that has settled: whether it was late. */
  readonly settled: boolean[] = [];
  readonly errors: unknown[] = [];
  #changed = Promise.withResolvers<void>();

  constructor({ context, core, pipeline, errors }: WorkerSide, record: TurnHost['record']) {
    this.context = context;
    this.core = core;
    this.record = record;
    this.pipeline = pipeline;
    this.errors = errors;
    this.heavyRequests = new HeavyRequests(context, this);
    this.peers = new Peers(context.table, new TrustedProxies([]));
  }

  suspended(turn: SuspendedTurn): void {
    this.waiting.set(turn.connection, turn);
  }

  handlerStarted(): void {
    this.count++;
  }

  handlerSettled(wasLate: boolean): void {
    this.count--;
    this.settled.push(wasLate);
    this.#notify();
  }

  ended(connection: number): void {
    this.waiting.delete(connection);
    this.#notify();
  }

  reportError(error: unknown): void {
    this.errors.push(error);
  }

  /** Waits for the next handler to settle, or turn to end, until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise;
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

export interface TurnStageOptions {
  readonly main?: MainSideOptions;
  readonly outboundMemoryMb?: number;
}

export class TurnStage {
  readonly main: MainSide;
  readonly host: RecordingHost;
  /** The messages of the worker to main. */
  readonly posted: readonly ToMain[];

  constructor(routes: Routes, { main = {}, outboundMemoryMb = 1 }: TurnStageOptions = {}) {
    this.main = new MainSide(main);
    const worker = createWorkerSide(this.main, routes, { outboundMemoryMb });
    this.posted = worker.posted;
    // However slow the machine is, a route becomes heavy only by `learn`.
    worker.context.times.countRequest = () => {};
    this.host = new RecordingHost(worker, new ParseRecord(worker.core.record));
  }

  /**
   * A worker takes a READY connection and serves a turn, as far as it goes without waiting.
   * @returns the turn as its worker sees it while it waits
   */
  serve(connection: number, isAssigned = false): SuspendedTurn {
    this.host.context.times.read();
    const turn = new Turn(this.host, connection, this.main.table.take(connection, SLOT), isAssigned);
    turn.serve();
    return turn.suspension;
  }

  /** The same after bytes of the client have arrived. */
  receive(connection: number, text: string, isAssigned = false): SuspendedTurn {
    this.main.receive(connection, text);
    return this.serve(connection, isAssigned);
  }

  /**
   * Until every turn has ended, as the worker's side goes on by itself. @returns what was published meanwhile
   */
  async ended(): Promise<PublishedRecord[]> {
    await this.host.until(() => this.host.waiting.size === 0);
    return this.main.drain();
  }

  /**
   * Plays main and a client that takes all it is sent, until every turn has ended.
   * @param credit bytes that the socket takes at a time
   */
  async takeAll(connection: number, credit: number): Promise<PublishedRecord[]> {
    const { context, waiting } = this.host;
    const records: PublishedRecord[] = [];
    do {
      records.push(...this.main.drain());
      if (waiting.size > 0) this.main.table.extendCredit(connection, credit);
      context.roomWaiters.notify();
      context.creditWaiters.notify();
      await setImmediate();
    } while (waiting.size > 0);
    return [...records, ...this.main.drain()];
  }

  /** Sets the mean time of a route. From now on, real times do not count. */
  learn(path: string, milliseconds: number): void {
    const { routeTimes } = this.host.context;
    const route = this.host.pipeline.routes.findIndex((pattern) => pattern.path === path);
    for (let sample = 0; sample < 64; sample++)
      RouteTimes.prototype.add.call(routeTimes, route, milliseconds);
    routeTimes.add = () => undefined;
  }
}

/** A request without a body. */
export function get(path: string, ...headers: string[]): string {
  return `GET ${path} HTTP/1.1\r\n${['Host: a', ...headers].join('\r\n')}\r\n\r\n`;
}
