/**
 * A turn that waits while its worker serves others: for a handler that has returned a promise, or for a
 * client that takes its response slowly. The worker tells it what happens meanwhile. Worker threads only.
 *
 * A turn has one from its first wait on, for all its waits. So a turn that is served in one loop has none.
 *
 *     nothing ─▶ handler ─▶ nothing      the promise settles, or is late
 *     nothing ─▶ client ─▶ nothing       what does not fit now is sent piece by piece
 */

import { invariant } from '../../../platform/invariant.ts';
import { HttpProblem } from '../../http/problem.ts';
import { persists } from '../../http/response/response-head.ts';
import { TURN_ABORT, TURN_CLOSE } from '../../memory/protocol.ts';
import type { BodyArrival } from '../messages.ts';
import { ClientGoneError, OutputAbortedError } from '../output/abort-errors.ts';
import type { Upload } from '../uploads/upload.ts';
import type { RunningRequest } from './running-request.ts';
import { dropBody } from './send-response.ts';
import type { SuspendedTurn } from './turn-host.ts';
import type { TurnSteps, UploadEvents } from './turn-steps.ts';
import { CONTINUE } from './unserved.ts';

export class Suspension implements SuspendedTurn, UploadEvents {
  readonly #turn: TurnSteps;
  #waitsFor: 'nothing' | 'handler' | 'client' = 'nothing';
  /** The request that is waited for, or whose body is streamed. */
  #running: RunningRequest | null = null;
  #handlerSince = 0;
  /** The streamed body of the present request, or of an earlier one. */
  #upload: Upload | null = null;

  constructor(turn: TurnSteps) {
    this.#turn = turn;
  }

  get connection(): number {
    return this.#turn.input.connection;
  }

  get generation(): number {
    return this.#turn.input.generation;
  }

  get handlerSince(): number {
    if (this.#waitsFor !== 'handler') return 0;
    if (this.#upload === null) return this.#handlerSince;
    // Main bounds the wait for the client. With what has come, the time of the handler begins anew.
    return this.#upload.isAwaiting ? 0 : Math.max(this.#handlerSince, this.#upload.arrivedAt);
  }

  get isReceiving(): boolean {
    return this.#upload?.isOpen === true;
  }

  // ---- What the turn waits for ----

  /** The handler has returned a promise. */
  untilSettled(running: RunningRequest, pending: Promise<void>): void {
    const { host, output } = this.#turn;
    this.#waitsFor = 'handler';
    this.#turn.suspend();
    running.request.detach();
    output.flush();
    this.#running = running;
    this.#handlerSince = performance.now();
    host.context.table.setHandlerSince(this.connection, this.#handlerSince);
    host.handlerStarted();
    pending.then(() => {
      // After 504 was sent, the turn may already serve another request.
      const isLate = this.#running !== running || this.#waitsFor !== 'handler';
      host.handlerSettled(isLate);
      if (!isLate) this.#finish(running);
    });
  }

  /** The response does not fit now, or is a stream. */
  untilSent(running: RunningRequest, sending: Promise<void>): void {
    this.#waitsFor = 'client';
    this.#turn.suspend();
    this.#running = running;
    running.request.detach();
    sending.then(
      () => {
        this.#turn.answered(running);
        if (!persists(running.response, running)) this.#turn.end(TURN_CLOSE);
        else this.#turn.output.completeResponse().then(() => this.#goOn());
      },
      (error: unknown) => this.#cutShort(running, error),
    );
  }

  /** The request is finished. */
  answered(): void {
    this.#running = null;
  }

  /** The response of a request that had to wait is ready. */
  #finish(running: RunningRequest): void {
    this.#waitsFor = 'nothing';
    this.#turn.resume();
    this.#turn.host.context.times.endWait(this.#handlerSince);
    if (this.#turn.respond(running)) this.#goOn();
  }

  /** Goes on after a wait, which counts for no route. */
  #goOn(): void {
    this.#waitsFor = 'nothing';
    this.#turn.resume();
    const pause = this.#turn.host.context.round.pause();
    if (pause === undefined) {
      this.#turn.serveOn();
      return;
    }
    // Other turns use the ring meanwhile.
    this.#turn.output.flush();
    pause.then(() => this.#turn.serveOn());
  }

  /** The response has begun and cannot be completed. */
  #cutShort(running: RunningRequest, error: unknown): void {
    if (!(error instanceof OutputAbortedError)) this.#turn.host.reportError(error, running.request);
    this.#turn.answered(running);
    this.#turn.end(TURN_ABORT);
  }

  // ---- What happens meanwhile ----

  clientGone(): void {
    const reason = new ClientGoneError();
    this.#turn.isClientGone = true;
    this.#running?.request.abort(reason);
    this.#upload?.fail(reason);
    this.#turn.output.abort();
  }

  clientHalfClosed(): void {
    this.#running?.request.halfClose();
  }

  announceEnding(): void {
    this.#running?.request.announceEnding();
  }

  endStream(): void {
    if (this.#waitsFor !== 'client' || this.#running?.isEndless !== true) return;
    this.#running.request.abort(new OutputAbortedError());
    this.#turn.output.abort();
  }

  /** The client gets 504, and what the handler still does is ignored. */
  handlerTimedOut(): void {
    const running = this.#running;
    if (this.#waitsFor !== 'handler' || running === null) return;
    const { host } = this.#turn;
    const { request, response } = running;
    const reason = new DOMException('The handler did not answer in time', 'TimeoutError');
    host.reportError(reason, request);
    dropBody(running, host);
    // Headers that middleware has set, such as CORS, stay. The seal stops the handler from changing the
    // response.
    response.becomeProblem(new HttpProblem(504, 'The handler of this request did not answer in time.'));
    this.#finish(running);
    request.abort(reason);
    this.#upload?.fail(reason);
  }

  // ---- The body of a request, streamed to its handler ----

  beginUpload(running: RunningRequest, upload: Upload): void {
    this.#upload = upload;
    this.#running = running;
    running.request.streamFrom(upload);
  }

  bodyArrived(arrival: BodyArrival): void {
    if (this.#upload === null) return;
    this.#upload.arrived(arrival);
    this.#turn.host.context.table.setHandlerSince(this.connection, this.#upload.arrivedAt);
  }

  bodyClosed(): void {
    this.#upload?.closed();
  }

  /** All of the body has come, so another request may follow. */
  endUpload(upload: Upload, end: number): void {
    const running = this.#running;
    invariant(running !== null && this.#upload === upload, 'An upload ends in its turn.');
    // The answer has said already that the connection closes.
    if (running === null || this.#waitsFor === 'client') return;
    running.end = end;
    running.keepAlive = upload.keepsAlive;
  }

  /** If there is no room for it now, the client goes on by itself after a while. */
  invite(): void {
    if (this.#waitsFor === 'client') return;
    const { output } = this.#turn;
    if (output.tryWrite(CONTINUE, null, 0)) output.flush();
  }
}
