/**
 * Serves the requests of one worker thread. It connects the loop, the turns that wait and the handlers in
 * flight. It receives the messages of the main thread (main.ts) and the reports of turns (turn/turn-host.ts).
 */

import { checksInvariants, invariant } from '../../platform/invariant.ts';
import type { Core } from '../core/core.ts';
import { ParseRecord } from '../core/parse-record.ts';
import { TrustedProxies } from '../http/forwarding/trusted-proxies.ts';
import type { Pipeline } from '../http/pipeline.ts';
import type { Request } from '../http/request/request.ts';
import type { WorkerContext } from './context.ts';
import { Drain } from './ending/drain.ts';
import { HandlersInFlight } from './handlers-in-flight.ts';
import { HeavyRequests } from './heavy-requests.ts';
import type { UploadAnswer } from './messages.ts';
import { RequestLoop } from './request-loop.ts';
import { Peers } from './turn/peers.ts';
import { Turn } from './turn/turn.ts';
import type { SuspendedTurn, TurnHost } from './turn/turn-host.ts';

export interface RequestWorkerOptions {
  readonly context: WorkerContext;
  readonly core: Core;
  readonly pipeline: Pick<
    Pipeline,
    'run' | 'runTimed' | 'refuse' | 'takesStream' | 'declarations' | 'maxBodyBytesOf'
  >;
  readonly onError: (error: unknown, request: Request) => void;
  /** So many handlers never settle that the worker is of little use. */
  readonly onExhausted: () => void;
  /** A drain is over: no turn is left, and no handler that the worker waits for. */
  readonly onDrained: () => void;
}

export class RequestWorker implements TurnHost {
  readonly context: WorkerContext;
  readonly core: Core;
  readonly record: ParseRecord;
  readonly pipeline: Pick<
    Pipeline,
    'run' | 'runTimed' | 'refuse' | 'takesStream' | 'declarations' | 'maxBodyBytesOf'
  >;
  readonly heavyRequests: HeavyRequests;
  readonly peers: Peers;
  readonly #onError: (error: unknown, request: Request) => void;
  /** Turns that wait, by connection. */
  readonly #turns = new Map<number, SuspendedTurn>();
  readonly #handlers: HandlersInFlight;
  readonly #drain: Drain;
  readonly #loop: RequestLoop;
  #isEnding = false;
  #endsStreams = false;

  constructor({ context, core, pipeline, onError, onExhausted, onDrained }: RequestWorkerOptions) {
    this.context = context;
    this.core = core;
    this.record = new ParseRecord(core.record);
    this.pipeline = pipeline;
    this.#onError = onError;
    const { words, times, start } = context;
    const { maxInFlight, handlerTimeoutMs } = start;
    this.#handlers = new HandlersInFlight({
      words,
      times,
      turns: this.#turns,
      maxInFlight,
      handlerTimeoutMs,
      areDeadlinesSuspended: () => this.areDeadlinesSuspended,
      onExhausted,
    });
    this.heavyRequests = new HeavyRequests(context, this.#handlers);
    this.peers = new Peers(context.table, new TrustedProxies(start.trustedProxies));
    this.#drain = new Drain({ turns: this.#turns, handlers: this.#handlers, onDrained });
    this.#loop = new RequestLoop({
      context,
      handlers: this.#handlers,
      serve: (connection, stateWord, isAssigned) => new Turn(this, connection, stateWord, isAssigned).serve(),
    });
  }

  /** While a debugger is attached, a handler has no deadline. */
  get areDeadlinesSuspended(): boolean {
    return this.context.deadlinesSuspended.isSet();
  }

  // ---- Messages of main ----

  /** Takes part from now on. */
  start(): void {
    this.#loop.start();
  }

  /** The doorbell: there may be work, room in the ring, or credit. */
  onBell(): void {
    this.context.roomWaiters.notify();
    this.context.creditWaiters.notify();
    this.#loop.wake();
  }

  /** Serves a READY connection for which main has chosen this worker. See heavy-requests.ts. */
  serveAssigned(connection: number): void {
    // The application is being stopped. Main finds the connection when this thread ends, and queues it again.
    if (this.#drain.isOver) return;
    this.#loop.serveAssigned(connection);
  }

  /** The client of a connection is gone. */
  onAbort(connection: number, generation: number): void {
    const turn = this.#turns.get(connection);
    if (turn?.generation === generation) turn.clientGone();
  }

  /** The client of a connection sends nothing more. */
  onHalfClosed(connection: number, generation: number): void {
    const turn = this.#turns.get(connection);
    if (turn?.generation === generation) turn.clientHalfClosed();
  }

  /** A part of a streamed body has come. */
  onUpload(answer: UploadAnswer): void {
    const turn = this.#turns.get(answer.connection);
    if (turn?.generation !== answer.generation) return;
    if (answer.type === 'body') turn.bodyArrived(answer);
    else turn.bodyClosed();
  }

  /** Takes no more requests. `onDrained` follows when the present ones are answered. */
  drain(): void {
    if (this.#drain.hasBegun) return;
    this.#loop.stop();
    this.announceEnding();
    this.#drain.begin();
  }

  /** Tells handlers and streams that this worker is about to end. */
  announceEnding(): void {
    this.#isEnding = true;
    for (const turn of this.#turns.values()) turn.announceEnding();
  }

  /**
   * Cuts off streams, which may have no end of their own, and begins no more. Their clients ask another
   * worker.
   */
  endStreams(): void {
    this.#endsStreams = true;
    for (const turn of [...this.#turns.values()]) turn.endStream();
  }

  /** A drain no longer waits for handlers whose clients were answered with 504. */
  forgetLateHandlers(): void {
    this.#drain.forgetLateHandlers();
  }

  // ---- Reports of turns ----

  get isEnding(): boolean {
    return this.#isEnding;
  }

  get endsStreams(): boolean {
    return this.#endsStreams;
  }

  /** Clients that send slowly leave half of the places to others. */
  get admitsUpload(): boolean {
    let uploads = 0;
    for (const turn of this.#turns.values()) if (turn.isReceiving) uploads++;
    return uploads * 2 < this.context.start.maxInFlight;
  }

  suspended(turn: SuspendedTurn): void {
    if (checksInvariants) this.#expectOneTurn(turn);
    this.#turns.set(turn.connection, turn);
  }

  handlerStarted(): void {
    this.#handlers.started();
  }

  handlerSettled(wasLate: boolean): void {
    this.#handlers.settled(wasLate);
    this.#drain.check();
    this.#loop.reconsider();
  }

  ended(connection: number): void {
    this.#turns.delete(connection);
    this.#drain.check();
  }

  reportError(error: unknown, request: Request): void {
    this.#onError(error, request);
  }

  #expectOneTurn(turn: SuspendedTurn): void {
    const other = this.#turns.get(turn.connection);
    invariant(other === undefined || other === turn, 'A connection has one turn at a time.');
  }
}
