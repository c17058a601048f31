/**
 * One turn: a worker serves the complete requests that it finds in a connection's buffer, one after the
 * other, until there is none, the bound is reached, or one has to wait. Meanwhile the connection is RUNNING
 * and belongs to this worker: its bytes do not move, and no other thread answers. The last record of the turn
 * gives it back to main.
 *
 * Synchronous handlers run to completion without allocating a promise: requests are parsed, run and answered
 * in one loop, and their responses are collected in one record. A turn whose handler returns a promise, or
 * whose response does not fit now, is suspended (suspension.ts), and the worker goes on with others.
 *
 *     reading ─▶ running ─▶ reading …        synchronous
 *     any ─▶ suspended ─▶ reading            it has what it has waited for
 *     any ─▶ ended                           the last record is on its way
 */

import { PARSE_COMPLETE, PARSE_NEED } from '../../../../assembly/record.ts';
import { invariant } from '../../../platform/invariant.ts';
import type { HttpProblem } from '../../http/problem.ts';
import { persists } from '../../http/response/response-head.ts';
import { generationOf, isClosed } from '../../memory/connections/state-word.ts';
import {
  NO_CONNECTION,
  routeOf,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_CLOSE,
  TURN_HEAVY,
  type TurnEnding,
} from '../../memory/protocol.ts';
import { Output } from '../output/output.ts';
import type { Upload } from '../uploads/upload.ts';
import { RunningRequest } from './running-request.ts';
import { dropBody, sendResponse } from './send-response.ts';
import { Suspension } from './suspension.ts';
import type { TurnHost } from './turn-host.ts';
import { TurnInput } from './turn-input.ts';
import type { TurnSteps } from './turn-steps.ts';
import { TurnTiming } from './turn-timing.ts';
import { answerCutOff, awaitRest, refuse } from './unserved.ts';

/**
 * The most requests of one connection in one turn, and milliseconds after which it ends, because other
 * connections wait meanwhile.
 */
const MAX_REQUESTS = 64;
const MAX_MS = 10;

/** Counted for a request whose client is gone before its answer. No client sees it. */
const CLIENT_GONE = 499;

/**
 * 'running' lasts while requests run synchronously. `words.current` names the connection during that time.
 */
type TurnPhase = 'reading' | 'running' | 'suspended' | 'ended';

export class Turn implements TurnSteps {
  readonly host: TurnHost;
  readonly input: TurnInput;
  readonly output: Output;
  isClientGone: boolean;
  /** Main wants this worker to run a heavy request, whatever it has in flight. */
  readonly #runsHeavy: boolean;
  #phase: TurnPhase = 'reading';
  /** Requests answered in this turn, without the present one. */
  #served = 0;
  /** From the first wait on. */
  #suspension: Suspension | null = null;
  /** Until the first request is answered, if that is timed. */
  #timing: TurnTiming | null;

  /**
   * @param stateWord of the connection, as `ConnectionTable.take` returned it
   * @param isAssigned main has chosen this worker for the connection
   */
  constructor(host: TurnHost, connection: number, stateWord: number, isAssigned: boolean) {
    this.host = host;
    this.input = new TurnInput(host, connection, generationOf(stateWord));
    this.output = new Output(host.context, this.input);
    this.isClientGone = isClosed(stateWord);
    this.#runsHeavy = isAssigned || host.heavyRequests.isInsistedOn(connection);
    const queuedAt = host.context.table.queuedAt(connection);
    this.#timing = queuedAt === 0 ? null : new TurnTiming(host, queuedAt);
  }

  /** What this turn waits for. */
  get suspension(): Suspension {
    this.#suspension ??= new Suspension(this);
    return this.#suspension;
  }

  /** Serves until the turn has ended or has to wait for something. */
  serve(): void {
    const { times } = this.host.context;
    const start = times.lastRead;
    while (!this.isClientGone) {
      const isOver = this.#served >= MAX_REQUESTS || times.lastRead - start > MAX_MS;
      if (isOver || !this.input.hasMore()) {
        this.end(TURN_ANSWERED);
        return;
      }
      if (!this.#serveNext()) return;
      this.#served++;
    }
    this.end(TURN_CLOSE);
  }

  suspend(): void {
    this.#enter('suspended');
    this.host.suspended(this.suspension);
  }

  resume(): void {
    this.#enter('reading');
  }

  serveOn(): void {
    this.host.context.times.read();
    this.#served++;
    this.serve();
  }

  // ---- One request: each step returns true when the next may follow at once, false when the turn has ended
  // or waits ----

  #serveNext(): boolean {
    const status = this.#timing === null ? this.input.parse() : this.#parseTimed(this.#timing);
    if (status === PARSE_COMPLETE) return this.run(null);
    return status === PARSE_NEED ? awaitRest(this) : refuse(this);
  }

  #parseTimed(timing: TurnTiming): number {
    const status = timing.parse(this.input);
    if (status !== PARSE_COMPLETE) this.#timing = null;
    return status;
  }

  run(upload: Upload | null): boolean {
    const { context, record, heavyRequests, pipeline } = this.host;
    const { connection } = this.input;
    const { route } = record;
    if (context.cutOffRoutes.isCutOff(route)) return answerCutOff(this, route);
    const isHeavy = heavyRequests.isHeavy(route);
    if (isHeavy && heavyRequests.wouldHoldUp && !this.#runsHeavy) {
      this.end(TURN_HEAVY);
      return false;
    }
    const running = this.#requestInRecord();
    if (upload !== null) this.suspension.beginUpload(running, upload);
    const isQuick = context.routeTimes.isQuick(route);
    // Flush finished responses before running a slow handler. Before a quick one, a flush costs more than the
    // wait.
    if (isQuick) this.output.commit();
    else this.output.flush();
    context.table.beginRequest(connection, running.end, running.bits);
    context.recent.begin(route, context.times.lastRead);
    if (!isQuick) context.bell.flush();
    this.#enter('running');
    if (isHeavy) heavyRequests.begin();
    const { request, response } = running;
    const pending = this.#timing === null ? pipeline.run(request, response) : this.#timing.run(running);
    if (isHeavy) heavyRequests.end();
    context.times.countRequest(route);
    if (pending === undefined) return this.respond(running);
    this.suspension.untilSettled(running, pending);
    return false;
  }

  #requestInRecord(): RunningRequest {
    const { context, record, peers } = this.host;
    const { connection, generation, consumed, start } = this.input;
    const peer = peers.of(connection, generation);
    const source = { record, bytes: context.shared.bytes, address: start, peer };
    return new RunningRequest(source, consumed);
  }

  answerWithProblem(problem: HttpProblem): boolean {
    const { context, pipeline } = this.host;
    const running = this.#requestInRecord();
    this.output.flush();
    context.table.beginRequest(this.input.connection, running.end, running.bits);
    this.#enter('running');
    const pending = pipeline.refuse(running.request, running.response, problem);
    context.times.countRequest(-1);
    if (pending === undefined) return this.respond(running);
    this.suspension.untilSettled(running, pending);
    return false;
  }

  respond(running: RunningRequest): boolean {
    if (this.isClientGone) {
      this.#count(running, CLIENT_GONE);
      dropBody(running, this.host);
      this.answered(running);
      this.end(TURN_CLOSE);
      return false;
    }
    if (!this.host.context.running.wasSet) this.#closeAfter(running);
    const sending =
      this.#timing === null
        ? sendResponse(running, this.output, this.host)
        : this.#sendTimed(running, this.#timing);
    // Before the response is published, so whoever has received it finds it counted.
    this.#count(running, running.response.statusCode);
    if (sending !== null) {
      this.suspension.untilSent(running, sending);
      return false;
    }
    this.answered(running);
    if (persists(running.response, running)) return true;
    this.end(TURN_CLOSE);
    return false;
  }

  #sendTimed(running: RunningRequest, timing: TurnTiming): Promise<void> | null {
    this.#timing = null;
    return timing.send(running, this.output, this.input.connection);
  }

  #count({ bits }: RunningRequest, status: number): void {
    const { counts, times } = this.host.context;
    counts.add(routeOf(bits), status, times.lastDuration);
  }

  /** The server stops. Requests that have come already are still answered, and the last answer says so. */
  #closeAfter(running: RunningRequest): void {
    if (!this.input.hasBeyond(running.end)) running.keepAlive = false;
  }

  answered(running: RunningRequest): void {
    running.request.end();
    this.#suspension?.answered();
    // Only main clears the mark that a request is in process, when it drains the record that answers the
    // request. If it were cleared here and the worker died before that record, main would run the request
    // again.
    this.input.answered(running.end);
  }

  // ---- The end ----

  writeThenEnd(text: string, ending: TurnEnding, missing: number): void {
    if (this.output.tryWrite(text, null, 0)) {
      this.end(ending, missing);
      return;
    }
    this.suspend();
    this.output.writeAll(Buffer.from(text, 'latin1')).then(
      () => this.end(ending, missing),
      // Sending fails only if the client is gone.
      () => this.end(TURN_ABORT),
    );
  }

  end(ending: TurnEnding, missing = 0): void {
    invariant(this.#phase !== 'ended', 'A turn ends once.');
    this.#enter('ended');
    const waiting = this.output.end(ending, missing);
    if (waiting === undefined) {
      this.host.ended(this.input.connection);
      return;
    }
    this.host.suspended(this.suspension);
    waiting.then(() => this.host.ended(this.input.connection));
  }

  #enter(phase: TurnPhase): void {
    const before = this.#phase;
    if (before === phase) return;
    if (phase === 'running') this.host.context.words.current = this.input.connection;
    else if (before === 'running') this.host.context.words.current = NO_CONNECTION;
    this.#phase = phase;
  }
}
