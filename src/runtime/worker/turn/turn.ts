/**
 * One turn: a worker serves the complete requests that it finds in a connection's buffer, one after the
 * other, until there is none, the bound is reached, or one has to wait. Meanwhile the connection is RUNNING
 * and belongs to this worker: its bytes do not move, and no other thread answers. The last record of the turn
 * gives it back to main.
 *
 * Synchronous handlers run to completion without allocating a promise: requests are parsed, run and answered
 * in one loop, and their responses are collected in one record. A turn whose handler returns a promise, or
 * whose response does not fit now, is suspended, and the worker goes on with others.
 *
 *     reading ─▶ running ─▶ reading …        synchronous
 *     running ─▶ waiting ─▶ reading          the handler has returned a promise, which settles or is late
 *     any     ─▶ sending ─▶ reading          what does not fit now is sent piece by piece
 *     any     ─▶ ended                       the last record is on its way
 */

import { PARSE_COMPLETE, PARSE_NEED, REASON_BODY_TOO_LARGE } from '../../../../assembly/record.ts';
import { invariant } from '../../../platform/invariant.ts';
import { hasAcceptedHead, reasonSentence } from '../../core/reasons.ts';
import { bodyTooLarge, HttpProblem } from '../../http/problem.ts';
import { persists } from '../../http/response/response-head.ts';
import { generationOf, isClosed } from '../../memory/connections/state-word.ts';
import {
  NO_CONNECTION,
  routeOf,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_CLOSE,
  TURN_HEAVY,
  TURN_NEED,
  type TurnEnding,
} from '../../memory/protocol.ts';
import { PLACE_UNREAD } from '../../memory/workers/request-counts.ts';
import type { BodyArrival } from '../messages.ts';
import { ClientGoneError, OutputAbortedError } from '../output/abort-errors.ts';
import { Output } from '../output/output.ts';
import { Upload } from '../uploads/upload.ts';
import { refusal } from './refusal.ts';
import { RunningRequest } from './running-request.ts';
import { dropBody, sendResponse } from './send-response.ts';
import type { SuspendedTurn, TurnHost } from './turn-host.ts';
import { TurnInput } from './turn-input.ts';
import { TurnTiming } from './turn-timing.ts';

/**
 * The most requests of one connection in one turn, and milliseconds after which it ends, because other
 * connections wait meanwhile.
 */
const MAX_REQUESTS = 64;
const MAX_MS = 10;

/** Counted for a request whose client is gone before its answer. No client sees it. */
const CLIENT_GONE = 499;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/**
 * 'running' lasts while requests run synchronously. `words.current` names the connection during that time.
 */
type TurnPhase = 'reading' | 'running' | 'waiting' | 'sending' | 'ended';

export class Turn implements SuspendedTurn {
  readonly #host: TurnHost;
  readonly #input: TurnInput;
  readonly #output: Output;
  /** Main wants this worker to run a heavy request, whatever it has in flight. */
  readonly #runsHeavy: boolean;
  #phase: TurnPhase = 'reading';
  #isClientGone: boolean;
  /** Requests answered in this turn, without the present one. */
  #served = 0;
  /** The request that a suspended turn is serving. */
  #running: RunningRequest | null = null;
  #handlerSince = 0;
  /** The streamed body of the present request, or of an earlier one. */
  #upload: Upload | null = null;
  /** Until the first request is answered, if that is timed. */
  #timing: TurnTiming | null;

  /**
   * @param stateWord of the connection, as `ConnectionTable.take` returned it
   * @param isAssigned main has chosen this worker for the connection
   */
  constructor(host: TurnHost, connection: number, stateWord: number, isAssigned: boolean) {
    this.#host = host;
    this.#input = new TurnInput(host, connection, generationOf(stateWord));
    this.#output = new Output(host.context, this.#input);
    this.#runsHeavy = isAssigned || host.heavyRequests.isInsistedOn(connection);
    this.#isClientGone = isClosed(stateWord);
    const queuedAt = host.context.table.queuedAt(connection);
    this.#timing = queuedAt === 0 ? null : new TurnTiming(host, queuedAt);
  }

  get connection(): number {
    return this.#input.connection;
  }

  get generation(): number {
    return this.#input.generation;
  }

  get handlerSince(): number {
    if (this.#phase !== 'waiting') return 0;
    if (this.#upload === null) return this.#handlerSince;
    // Main bounds the wait for the client. With what has come, the time of the handler begins anew.
    return this.#upload.isAwaiting ? 0 : Math.max(this.#handlerSince, this.#upload.arrivedAt);
  }

  get isReceiving(): boolean {
    return this.#upload?.isOpen === true;
  }

  /** Serves until the turn has ended or has to wait for something. */
  serve(): void {
    const { times } = this.#host.context;
    const start = times.lastRead;
    while (!this.#isClientGone) {
      const isOver = this.#served >= MAX_REQUESTS || times.lastRead - start > MAX_MS;
      if (isOver || !this.#input.hasMore()) {
        this.#end(TURN_ANSWERED);
        return;
      }
      if (!this.#serveNext()) return;
      this.#served++;
    }
    this.#end(TURN_CLOSE);
  }

  clientGone(): void {
    this.#isClientGone = true;
    const reason = new ClientGoneError();
    this.#running?.request.abort(reason);
    this.#upload?.fail(reason);
    this.#output.abort();
  }

  bodyArrived(arrival: BodyArrival): void {
    if (this.#upload === null) return;
    this.#upload.arrived(arrival);
    this.#host.context.table.setHandlerSince(this.connection, this.#upload.arrivedAt);
  }

  bodyClosed(): void {
    this.#upload?.closed();
  }

  clientHalfClosed(): void {
    this.#running?.request.halfClose();
  }

  announceEnding(): void {
    this.#running?.request.announceEnding();
  }

  endStream(): void {
    if (this.#phase !== 'sending' || this.#running?.isEndless !== true) return;
    this.#running.request.abort(new OutputAbortedError());
    this.#output.abort();
  }

  /** The client gets 504, and what the handler still does is ignored. */
  handlerTimedOut(): void {
    const running = this.#running;
    if (this.#phase !== 'waiting' || running === null) return;
    const { request, response } = running;
    const reason = new DOMException('The handler did not answer in time', 'TimeoutError');
    this.#host.reportError(reason, request);
    dropBody(running, this.#host);
    // Headers that middleware has set, such as CORS, stay. The seal stops the handler from changing the
    // response.
    response.becomeProblem(new HttpProblem(504, 'The handler of this request did not answer in time.'));
    this.#finish(running);
    request.abort(reason);
    this.#upload?.fail(reason);
  }

  // ---- One request: each step returns true when the next may follow at once, false when the turn ended or
  // waits ----

  #serveNext(): boolean {
    const status = this.#timing === null ? this.#input.parse() : this.#parseTimed(this.#timing);
    if (status === PARSE_COMPLETE) return this.#run(null);
    if (status === PARSE_NEED) return this.#need();
    return this.#refuse();
  }

  #parseTimed(timing: TurnTiming): number {
    const status = timing.parse(this.#input);
    if (status !== PARSE_COMPLETE) this.#timing = null;
    return status;
  }

  /**
   * Runs the request that the parse record describes.
   * @param upload its body, if that is still coming
   */
  #run(upload: Upload | null): boolean {
    const { context, record, heavyRequests, pipeline } = this.#host;
    const { connection } = this.#input;
    const { route } = record;
    if (context.cutOffRoutes.isCutOff(route)) return this.#answerWithProblem(this.#cutOff(route));
    const isHeavy = heavyRequests.isHeavy(route);
    if (isHeavy && heavyRequests.wouldHoldUp && !this.#runsHeavy) {
      this.#end(TURN_HEAVY);
      return false;
    }
    const running = this.#requestInRecord();
    if (upload !== null) this.#beginUpload(running, upload);
    const isQuick = context.routeTimes.isQuick(route);
    // Flush finished responses before running a slow handler. Before a quick one, a flush costs more than the
    // wait.
    if (isQuick) this.#output.commit();
    else this.#output.flush();
    context.table.beginRequest(connection, running.end, running.bits);
    context.recent.begin(route, context.times.lastRead);
    if (!isQuick) context.bell.flush();
    this.#enter('running');
    if (isHeavy) heavyRequests.begin();
    const { request, response } = running;
    const pending = this.#timing === null ? pipeline.run(request, response) : this.#timing.run(running);
    if (isHeavy) heavyRequests.end();
    context.times.countRequest(route);
    if (pending === undefined) return this.#respond(running);
    this.#wait(running, pending);
    return false;
  }

  #requestInRecord(): RunningRequest {
    const { context, record, peers } = this.#host;
    const { connection, generation, consumed, start } = this.#input;
    const peer = peers.of(connection, generation);
    const source = { record, bytes: context.shared.bytes, address: start, peer };
    return new RunningRequest(source, consumed);
  }

  /**
   * The core has refused the request. If it has accepted the head, the answer has all that global middleware
   * adds, such as the headers of CORS. The start of the next request is unknown, so the connection closes.
   */
  #refuse(): boolean {
    const { context, record, pipeline } = this.#host;
    const { start, end } = this.#input;
    const { errorStatus, errorReason } = record;
    if (errorReason === REASON_BODY_TOO_LARGE && this.#takesStream()) return this.#receive();
    if (!hasAcceptedHead(errorReason) || this.#input.parseHead() !== PARSE_COMPLETE) {
      const { declarations } = pipeline;
      const bytes = context.shared.bytes.subarray(start, end);
      context.counts.addUnhandled(PLACE_UNREAD, errorStatus);
      this.#writeThenEnd(
        refusal({ status: errorStatus, reason: errorReason, bytes, declarations }),
        TURN_CLOSE,
        0,
      );
      return false;
    }
    return this.#answerWithProblem(new HttpProblem(errorStatus, reasonSentence(errorReason)));
  }

  /** The route has ended its workers again and again (server/workers/route-cut-off.ts). */
  #cutOff(route: number): HttpProblem {
    const { cutOffRoutes, times } = this.#host.context;
    const seconds = cutOffRoutes.secondsLeft(route, times.lastRead);
    return new HttpProblem(503, 'This route has failed again and again, and is closed for a while.', {
      headers: { 'Retry-After': `${seconds}` },
    });
  }

  /** Answers the request that the parse record describes without its route. */
  #answerWithProblem(problem: HttpProblem): boolean {
    const { context, pipeline } = this.#host;
    const running = this.#requestInRecord();
    this.#output.flush();
    context.table.beginRequest(this.connection, running.end, running.bits);
    this.#enter('running');
    const pending = pipeline.refuse(running.request, running.response, problem);
    context.times.countRequest(-1);
    if (pending === undefined) return this.#respond(running);
    this.#wait(running, pending);
    return false;
  }

  /** The request is incomplete. Main waits for more bytes, and is told how many if that is known. */
  #need(): boolean {
    const { record, pipeline } = this.#host;
    const { mustInvite, isHeadNew } = this.#input;
    if (isHeadNew && pipeline.takesStream(record.route) && this.#takesStream()) return this.#receive();
    if (isHeadNew && record.missing > pipeline.maxBodyBytesOf(record.route)) {
      // The rest may be on its way, so the connection closes after the answer.
      record.dropContent();
      return this.#answerWithProblem(bodyTooLarge());
    }
    if (mustInvite && record.route < 0) {
      // No route takes the request, so we do not ask for its content (RFC 9110, section 10.1.1). The client
      // may send it anyway, so the connection closes after the answer.
      record.dropContent();
      return this.#run(null);
    }
    const missing = this.#input.suspend();
    if (mustInvite) this.#writeThenEnd(CONTINUE, TURN_NEED, missing);
    else this.#end(TURN_NEED, missing);
    return false;
  }

  // ---- Bodies that are streamed to their handlers ----

  /** Parses the head alone into the record. @returns whether its route takes a stream */
  #takesStream(): boolean {
    const { record, pipeline } = this.#host;
    return this.#input.parseStreamedHead() === PARSE_COMPLETE && pipeline.takesStream(record.route);
  }

  /** Runs the request whose head is in the record, while its body is still coming. */
  #receive(): boolean {
    const { context, record, admitsUpload } = this.#host;
    const input = this.#input;
    const upload = new Upload(record, {
      input,
      post: context.post,
      invite: () => this.#invite(),
      onClosed: (end) => this.#endUpload(upload, end),
      maxTrailerBytes: context.start.limits.maxHeaderBytes,
    });
    record.awaitContent(input.seen - input.consumed);
    if (admitsUpload) return this.#run(upload);
    const headers = { 'Retry-After': '1' };
    return this.#answerWithProblem(new HttpProblem(503, 'Too many uploads are in process.', { headers }));
  }

  #beginUpload(running: RunningRequest, upload: Upload): void {
    this.#upload = upload;
    this.#running = running;
    running.request.streamFrom(upload);
  }

  /** All of the body has come, so another request may follow. */
  #endUpload(upload: Upload, end: number): void {
    const running = this.#running;
    invariant(running !== null && this.#upload === upload, 'An upload ends in its turn.');
    // The answer has said already that the connection closes.
    if (running === null || this.#phase === 'sending') return;
    running.end = end;
    running.keepAlive = upload.keepsAlive;
  }

  /** If there is no room for it now, the client goes on by itself after a while. */
  #invite(): void {
    if (this.#phase === 'sending') return;
    if (this.#output.tryWrite(CONTINUE, null, 0)) this.#output.flush();
  }

  #respond(running: RunningRequest): boolean {
    if (this.#isClientGone) {
      this.#count(running, CLIENT_GONE);
      dropBody(running, this.#host);
      this.#answered(running);
      this.#end(TURN_CLOSE);
      return false;
    }
    if (!this.#host.context.running.wasSet) this.#closeAfter(running);
    const sending =
      this.#timing === null
        ? sendResponse(running, this.#output, this.#host)
        : this.#sendTimed(running, this.#timing);
    // Before the response is published, so whoever has received it finds it counted.
    this.#count(running, running.response.statusCode);
    if (sending !== null) {
      this.#waitUntilSent(running, sending);
      return false;
    }
    this.#answered(running);
    if (persists(running.response, running)) return true;
    this.#end(TURN_CLOSE);
    return false;
  }

  #sendTimed(running: RunningRequest, timing: TurnTiming): Promise<void> | null {
    this.#timing = null;
    return timing.send(running, this.#output, this.connection);
  }

  #count({ bits }: RunningRequest, status: number): void {
    const { counts, times } = this.#host.context;
    counts.add(routeOf(bits), status, times.lastDuration);
  }

  /** The server stops. Requests that have come already are still answered, and the last answer says so. */
  #closeAfter(running: RunningRequest): void {
    if (!this.#input.hasBeyond(running.end)) running.keepAlive = false;
  }

  /** The request is finished, so its memory may be given back. */
  #answered(running: RunningRequest): void {
    running.request.end();
    this.#running = null;
    // Only main clears the mark that a request is in process, when it drains the record that answers the
    // request. If it were cleared here and the worker died before that record, main would run the request
    // again.
    this.#input.answered(running.end);
  }

  // ---- Waiting ----

  /** The handler has returned a promise. */
  #wait(running: RunningRequest, pending: Promise<void>): void {
    this.#enter('waiting');
    running.request.detach();
    this.#output.flush();
    this.#running = running;
    this.#handlerSince = performance.now();
    this.#host.context.table.setHandlerSince(this.connection, this.#handlerSince);
    this.#host.suspended(this);
    this.#host.handlerStarted();
    pending.then(() => {
      // After 504 was sent, the turn may already serve another request.
      const isLate = this.#running !== running || this.#phase !== 'waiting';
      this.#host.handlerSettled(isLate);
      if (!isLate) this.#finish(running);
    });
  }

  /** The response of a request that had to wait is ready. */
  #finish(running: RunningRequest): void {
    this.#enter('reading');
    this.#host.context.times.endWait(this.#handlerSince);
    if (this.#respond(running)) this.#goOn();
  }

  /** The response does not fit now, or is a stream. */
  #waitUntilSent(running: RunningRequest, sending: Promise<void>): void {
    this.#enter('sending');
    this.#running = running;
    running.request.detach();
    this.#host.suspended(this);
    sending.then(
      () => {
        this.#answered(running);
        if (!persists(running.response, running)) this.#end(TURN_CLOSE);
        else this.#output.completeResponse().then(() => this.#goOn());
      },
      (error: unknown) => this.#cutShort(running, error),
    );
  }

  /** Goes on after a wait, which counts for no route. */
  #goOn(): void {
    this.#enter('reading');
    const pause = this.#host.context.round.pause();
    if (pause === undefined) {
      this.#serveOn();
      return;
    }
    // Other turns use the ring meanwhile.
    this.#output.flush();
    pause.then(() => this.#serveOn());
  }

  #serveOn(): void {
    this.#host.context.times.read();
    this.#served++;
    this.serve();
  }

  /** The response has begun and cannot be completed. */
  #cutShort(running: RunningRequest, error: unknown): void {
    if (!(error instanceof OutputAbortedError)) this.#host.reportError(error, running.request);
    this.#answered(running);
    this.#end(TURN_ABORT);
  }

  // ---- The end ----

  /** Sends a response of the server itself. */
  #writeThenEnd(text: string, ending: TurnEnding, missing: number): void {
    if (this.#output.tryWrite(text, null, 0)) {
      this.#end(ending, missing);
      return;
    }
    this.#enter('sending');
    this.#host.suspended(this);
    this.#output.writeAll(Buffer.from(text, 'latin1')).then(
      () => this.#end(ending, missing),
      // Sending fails only if the client is gone.
      () => this.#end(TURN_ABORT),
    );
  }

  #end(ending: TurnEnding, missing = 0): void {
    invariant(this.#phase !== 'ended', 'A turn ends once.');
    this.#enter('ended');
    const waiting = this.#output.end(ending, missing);
    if (waiting === undefined) {
      this.#host.ended(this);
      return;
    }
    this.#host.suspended(this);
    waiting.then(() => this.#host.ended(this));
  }

  #enter(phase: TurnPhase): void {
    const before = this.#phase;
    if (before === phase) return;
    if (phase === 'running') this.#host.context.words.current = this.connection;
    else if (before === 'running') this.#host.context.words.current = NO_CONNECTION;
    this.#phase = phase;
  }
}
