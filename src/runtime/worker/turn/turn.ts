/**
 * One turn: a worker serves the complete requests that it finds in a connection's buffer, one after the other, until
 * there is none, the bound is reached, or one has to wait. The connection is RUNNING for as long, and belongs to
 * this worker: its bytes do not move, and nobody else answers. The last record of the turn gives it to main.
 *
 * What is synchronous stays synchronous: requests whose handlers return no promise are parsed, run and answered in one
 * loop, their responses collected in one record.
 */

import { METHOD_HEAD, PARSE_COMPLETE, PARSE_NEED } from '../../../../assembly/record.ts';
import { reasonSentence } from '../../core/reasons.ts';
import { NO_ROUTE } from '../../core/routing/route-tree.ts';
import { HttpProblem, protocolErrorResponse } from '../../http/problem.ts';
import { IncomingRequest } from '../../http/request/incoming-request.ts';
import type { BodyStream } from '../../http/response/body-stream.ts';
import { discardBody, isStream } from '../../http/response/body-stream.ts';
import { beginsWithHead, withoutContent } from '../../http/response/head-method.ts';
import { OutgoingResponse } from '../../http/response/outgoing-response.ts';
import { encodeHead, type HeadOptions, persists } from '../../http/response/response-head.ts';
import { generationOf, isClosed } from '../../memory/connections/state-word.ts';
import {
  NO_CONNECTION,
  REQUEST_INSIST,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_CLOSE,
  TURN_HEAVY,
  TURN_NEED,
  type TurnEnding,
} from '../../memory/protocol.ts';
import { ClientGoneError, OutputAbortedError } from '../output/abort-errors.ts';
import { Output } from '../output/output.ts';
import { type Sending, sendSlowly, sendStream } from '../output/response-sender.ts';
import type { RequestWorker } from '../request-worker.ts';
import { bodyLengthOf, headOptions, type RunningRequest, requestBits } from './running-request.ts';

/** Requests of one connection in one turn; others wait meanwhile. */
const MAX_REQUESTS = 64;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

export class Turn {
  readonly connection: number;
  readonly generation: number;
  readonly #worker: RequestWorker;
  readonly #output: Output;
  readonly #address: number;
  readonly #insist: boolean;
  #isClosed: boolean;
  #served = 0;
  /** The server is not stopping. */
  #mayPersist = true;
  #isCurrent = false;
  #isStreaming = false;
  /** Set while an asynchronous handler runs or a response is being sent. */
  #running: RunningRequest | null = null;
  /** When the asynchronous handler was started, in milliseconds of performance.now(); 0 once it has answered. */
  handlerSince = 0;

  /** @param stateWord of the connection, as `ConnectionTable.take` returned it */
  constructor(worker: RequestWorker, connection: number, stateWord: number, insist: boolean) {
    const { table } = worker.context;
    this.#worker = worker;
    this.connection = connection;
    this.generation = generationOf(stateWord);
    this.#isClosed = isClosed(stateWord);
    this.#insist = insist || (table.request(connection) & REQUEST_INSIST) !== 0;
    this.#address = table.address(connection);
    this.#output = new Output(
      worker.context,
      worker.ringWaiters,
      worker.creditWaiters,
      connection,
      this.generation,
    );
  }

  /** Serves until the turn has ended or has to wait for something. */
  serve(): void {
    const { table, running } = this.#worker.context;
    this.#mayPersist = running.isSet();
    while (!this.#isClosed) {
      if (this.#output.consumed >= this.#output.seen) this.#output.seen = table.length(this.connection);
      if (this.#output.consumed === this.#output.seen || this.#served >= MAX_REQUESTS) {
        this.#end(TURN_ANSWERED);
        return;
      }
      if (!this.#serveNext()) return;
      this.#served++;
    }
    this.#end(TURN_CLOSE);
  }

  /** The client is gone: the handler is told, and nothing more is sent. */
  clientGone(): void {
    this.#isClosed = true;
    this.#running?.request.abort(new ClientGoneError());
    this.#output.abort();
  }

  /** A stream of unknown length that is being sent is cut off, and the application told. */
  endStream(): void {
    if (!this.#isStreaming) return;
    this.#running?.request.abort(new OutputAbortedError());
    this.#output.abort();
  }

  /** The handler has not answered in time: the client gets 504, and what the handler still does is ignored. */
  handlerTimedOut(): void {
    const running = this.#running;
    if (running === null || this.handlerSince === 0) return;
    const { request, response } = running;
    this.#dropBody(running);
    // What middleware has set, as CORS, stays; sealed, it takes nothing more from the handler.
    response.becomeProblem(new HttpProblem(504, 'The handler of this request did not answer in time.'));
    this.handlerSince = 0;
    this.#finish(running);
    request.abort(new DOMException('The handler did not answer in time', 'TimeoutError'));
  }

  /** @returns true when the next request may follow at once; false when the turn has ended or waits */
  #serveNext(): boolean {
    const { context } = this.#worker;
    const { core, record } = this.#worker;
    if (this.#served === 0) context.table.loadResume(this.connection, record.words);
    else record.clearResume();
    const wasInBody = record.isInBody;
    const status = core.parse(
      this.#address + this.#output.consumed,
      this.#output.seen - this.#output.consumed,
    );
    if (status === PARSE_COMPLETE) return this.#run();
    if (status === PARSE_NEED) return this.#need(wasInBody);
    this.#refuse(record.errorStatus, reasonSentence(record.errorReason));
    return false;
  }

  /** Runs the request that the parse record describes. */
  #run(): boolean {
    const { context, record, pipeline } = this.#worker;
    const { route } = record;
    const isHeavy = context.routeTimes.isHeavy(route);
    // A worker with handlers in flight does not hold them up.
    if (isHeavy && this.#worker.inFlight > 0 && !this.#insist) {
      this.#end(TURN_HEAVY);
      return false;
    }
    const { method } = record;
    const keepAlive = record.keepsAlive && this.#mayPersist;
    const request = new IncomingRequest({
      record,
      bytes: context.shared.bytes,
      address: this.#address + this.#output.consumed,
      remoteAddress: this.#worker.remoteAddress(this.connection, this.generation),
    });
    const running: RunningRequest = {
      request,
      response: new OutgoingResponse(request),
      isHead: method === METHOD_HEAD,
      keepAlive,
      versionMinor: record.versionMinor,
      end: this.#output.consumed + record.consumed,
    };
    const isQuick = context.routeTimes.isQuick(route);
    // Who waits for an answer that is there must not wait for the next handler, unless that costs less than a wake-up.
    if (isQuick) this.#output.commit();
    else this.#output.flush();
    context.table.beginRequest(this.connection, running.end, requestBits(method, running));
    if (!isQuick) context.flushRing();
    this.#setCurrent(true);
    if (isHeavy) this.#worker.beginHeavy();
    const pending = pipeline.run(request, running.response);
    if (isHeavy) context.words.isHeavy = false;
    this.#worker.countTime(pending === undefined ? route : NO_ROUTE);
    if (pending === undefined) return this.#respond(running);
    this.#setCurrent(false);
    this.#wait(running, pending);
    return false;
  }

  /** Says which connection's handlers run synchronously; once for a stretch of requests. */
  #setCurrent(isCurrent: boolean): void {
    if (this.#isCurrent === isCurrent) return;
    this.#isCurrent = isCurrent;
    this.#worker.context.words.current = isCurrent ? this.connection : NO_CONNECTION;
  }

  /** The handler has returned a promise: the turn waits, the worker goes on with others. */
  #wait(running: RunningRequest, pending: Promise<void>): void {
    running.request.detach();
    this.#output.flush();
    this.#running = running;
    this.handlerSince = performance.now();
    this.#worker.context.table.setHandlerSince(this.connection, this.handlerSince);
    this.#worker.suspended(this);
    pending.then(() => {
      // Too late: 504 was sent, and the turn may be at another request by now.
      const isTooLate = this.#running !== running || this.handlerSince === 0;
      this.#worker.handlerSettled(isTooLate);
      if (isTooLate) return;
      this.handlerSince = 0;
      this.#finish(running);
    });
  }

  /** The response of a request that had to wait is ready. */
  #finish(running: RunningRequest): void {
    if (this.#respond(running)) this.#goOn();
  }

  /** After something that the turn had waited for. */
  #goOn(): void {
    this.#served++;
    this.serve();
  }

  /** @returns true when the response was written and the next request may follow at once */
  #respond(running: RunningRequest): boolean {
    const { response } = running;
    const { body } = response;
    if (this.#isClosed) {
      this.#dropBody(running);
      this.#answered(running);
      this.#end(TURN_CLOSE);
      return false;
    }
    if (isStream(body)) return this.#respondWithStream(running, body);
    const length = bodyLengthOf(body);
    const options = headOptions(running, length);
    const head = encodeHead(response, options, this.#worker.lastTime);
    const sent = running.isHead ? null : body;
    if (!this.#output.tryWrite(head, sent, running.isHead ? 0 : length)) {
      return this.#respondSlowly(running, options, sent, length);
    }
    this.#answered(running);
    if (persists(response, options)) return true;
    this.#end(TURN_CLOSE);
    return false;
  }

  /** A response that does not fit now is kept until its client takes it, if there is not too much of that already. */
  #respondSlowly(
    running: RunningRequest,
    options: HeadOptions,
    body: Exclude<OutgoingResponse['body'], BodyStream>,
    length: number,
  ): boolean {
    const held = this.#worker.unsent.hold(length);
    if (held === null)
      return this.#respondUnavailable(
        running,
        'Other clients take their responses too slowly; try again later.',
      );
    const sending = sendSlowly(this.#sending(running, options), body);
    this.#later(
      running,
      options,
      sending.finally(() => held[Symbol.dispose]()),
    );
    return false;
  }

  #respondWithStream(running: RunningRequest, body: BodyStream): boolean {
    const isEndless = running.response.streamLength === null;
    if (isEndless && this.#worker.endsStreams)
      return this.#respondUnavailable(running, 'The server is replacing the worker of this stream.');
    const options = headOptions(running, null);
    this.#isStreaming = isEndless;
    this.#later(running, options, sendStream(this.#sending(running, options), body));
    return false;
  }

  #respondUnavailable(running: RunningRequest, detail: string): boolean {
    this.#dropBody(running);
    running.response.becomeProblem(new HttpProblem(503, detail, { headers: { 'Retry-After': '1' } }));
    return this.#respond(running);
  }

  /** A response that does not fit now: the turn waits until it is sent. */
  #later(running: RunningRequest, options: HeadOptions, sending: Promise<void>): void {
    this.#setCurrent(false);
    this.#running = running;
    running.request.detach();
    this.#worker.suspended(this);
    sending.then(
      () => {
        this.#answered(running);
        if (!persists(running.response, options)) this.#end(TURN_CLOSE);
        else this.#output.completeResponse().then(() => this.#goOn());
      },
      (error: unknown) => this.#cutShort(running, error),
    );
  }

  #sending(running: RunningRequest, options: HeadOptions): Sending {
    return {
      output: this.#output,
      response: running.response,
      options,
      unsent: this.#worker.unsent,
      onError: (error) => this.#worker.reportError(error, running.request),
    };
  }

  /** The response has begun and cannot be completed. */
  #cutShort(running: RunningRequest, error: unknown): void {
    if (!(error instanceof OutputAbortedError)) this.#worker.reportError(error, running.request);
    this.#answered(running);
    this.#end(TURN_ABORT);
  }

  #dropBody({ request, response }: RunningRequest): void {
    discardBody(response.body).catch((error: unknown) => this.#worker.reportError(error, request));
  }

  /** The request is done with: its memory may be given back. */
  #answered(running: RunningRequest): void {
    running.request.end();
    this.#running = null;
    this.#isStreaming = false;
    // That a request is in process is cleared by main alone, with the record that says how far all is answered:
    // cleared here, a death before that record would make main run the request again.
    this.#output.consumed = running.end;
  }

  /**
   * The request is incomplete: main waits for more, and knows for how much where that can be known.
   * @returns as `#serveNext`
   */
  #need(wasInBody: boolean): boolean {
    const { context, record } = this.#worker;
    const headJustEnded = !wasInBody && record.isInBody;
    const mustInvite = headJustEnded && record.expectsContinue;
    if (mustInvite && record.route < 0) return this.#runWithoutContent();
    const { missing } = record;
    context.table.saveResume(this.connection, record.words);
    if (mustInvite) this.#writeThenEnd(CONTINUE, TURN_NEED, missing);
    else this.#end(TURN_NEED, missing);
    return false;
  }

  /**
   * No route takes this request, so its content is not asked for (RFC 9110, section 10.1.1). As it may come all the same,
   * the connection closes after the answer.
   */
  #runWithoutContent(): boolean {
    this.#worker.record.dropContent();
    return this.#run();
  }

  /** What cannot be parsed is answered once, and the connection closed: where the next request begins is unknown. */
  #refuse(status: number, detail: string): void {
    const { bytes } = this.#worker.context.shared;
    const isHead = beginsWithHead(
      bytes,
      this.#address + this.#output.consumed,
      this.#address + this.#output.seen,
    );
    const response = protocolErrorResponse(status, detail);
    this.#writeThenEnd((isHead ? withoutContent(response) : response).toString('latin1'), TURN_CLOSE, 0);
  }

  /** For what the server itself has to say. */
  #writeThenEnd(text: string, ending: TurnEnding, missing: number): void {
    if (this.#output.tryWrite(text, null, 0)) {
      this.#end(ending, missing);
      return;
    }
    this.#worker.suspended(this);
    this.#output.writeAll(Buffer.from(text, 'latin1')).then(
      () => this.#end(ending, missing),
      // Only because the client is gone.
      () => this.#end(TURN_ABORT),
    );
  }

  #end(ending: TurnEnding, missing = 0): void {
    this.#setCurrent(false);
    const waiting = this.#output.end(ending, missing);
    if (waiting === undefined) this.#worker.ended(this);
    else waiting.then(() => this.#worker.ended(this));
  }
}
