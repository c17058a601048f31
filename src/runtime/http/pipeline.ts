/**
 * Runs one request through middleware, route and handler to a finished response. The runtime calls `run` in a
 * worker for each request. If all steps are synchronous, it allocates no promise and returns nothing. `run`
 * never throws or rejects.
 */
import type { RoutePattern } from '../core/core.ts';
import { isTooLate, ResponseError } from './application-errors.ts';
import type { Declarations } from './declarations.ts';
import { identify, REQUEST_ID, TRACEPARENT } from './identity/request-identity.ts';
import type { Meters } from './metrics/meters.ts';
import type { MetricsRoute } from './metrics/metrics-route.ts';
import { bodyTooLarge, HttpProblem } from './problem.ts';
import type { RateLimit } from './rate-limit/rate-limit.ts';
import { answerConditionally, checkWithoutValidators } from './representation/conditional.ts';
import { isUnsafe } from './representation/preconditions.ts';
import type { ContentCodingOptions } from './request/content-coding.ts';
import type { IncomingRequest } from './request/incoming-request.ts';
import type { StreamOptions } from './request/stream-options.ts';
import { discardBody } from './response/body-stream.ts';
import type { OutgoingResponse } from './response/outgoing-response.ts';
import type { StandingFields } from './response/response-headers.ts';
import { AllowHeader } from './routing/allow.ts';
import type { ErrorListener, Finisher, Handler, Middleware } from './routing/handler.ts';
import type { RouteOptions } from './routing/route-options.ts';
import { answerWithoutRoute } from './routing/without-route.ts';
import { currentTiming } from './timing/timed.ts';

export interface CompiledRoute {
  readonly parameterNames: readonly string[];
  /** Of the groups around the route, and of the route. Their path has every parameter that they read. */
  readonly middleware: readonly Handler<string>[];
  /** The check of its schemas, if it has any, and the handler. */
  readonly handlers: readonly Handler<string>[];
  readonly options: RouteOptions;
  /** Those that the application has declared, for this route and for all. */
  readonly headers: StandingFields;
  /** What runs before its own. None for a route of the runtime's own. */
  readonly globalMiddleware: readonly Middleware[];
  /** Its requests have ids. */
  readonly isIdentified: boolean;
}

export interface PipelineOptions {
  readonly patterns: readonly RoutePattern[];
  readonly middleware: readonly Middleware[];
  /** Like `patterns`, indexed by the number of the route. */
  readonly routes: readonly CompiledRoute[];
  /** Of answers without a route. */
  readonly headers: StandingFields;
  /** Requests without a route have ids. */
  readonly identifiesRequests: boolean;
  readonly declarations: Omit<Declarations, 'routes'>;
  readonly instruments: Instruments;
  readonly finishers: readonly Finisher[];
  readonly onError: ErrorListener;
}

/** What a server connects with its main thread (worker/main.ts). */
export interface Instruments {
  readonly meters: Meters;
  /** null if the application has none. */
  readonly metricsRoute: MetricsRoute | null;
  readonly rateLimit: RateLimit | null;
}

/** A middleware, a handler or a finisher. */
type Step = (request: IncomingRequest, response: OutgoingResponse) => void | Promise<void>;

/** All steps that run for one route, or all finishers, in order. */
interface Chain {
  /** For messages: the route, and the name of its handler if it has one. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** The index of the first step that belongs to the handler: the check of its schemas, or itself. */
  readonly handlerAt: number;
  /** Those of a request that is timed. null: those of all requests. */
  readonly finishers: Chain | null;
  readonly parameterNames: readonly string[];
  /** With which each response begins. */
  readonly headers: StandingFields;
  readonly isIdentified: boolean;
  /** Whether the handler evaluates preconditions. */
  readonly checksPreconditions: boolean;
  /** Whether the remaining steps must be skipped. */
  readonly isOver: (request: IncomingRequest, response: OutgoingResponse) => boolean;
}

export class Pipeline {
  /** For `core.loadRoutes`. The index is the number that the core reports. */
  readonly routes: readonly RoutePattern[];
  readonly declarations: Declarations;
  readonly instruments: Instruments;
  readonly #middleware: readonly Middleware[];
  readonly #chains: readonly Chain[];
  readonly #withoutRoute: Chain;
  readonly #finishers: Chain;
  readonly #timedFinishers: Chain;
  readonly #onError: ErrorListener;
  /** By the number of the route. */
  readonly #maxBodyBytes: readonly (number | undefined)[];
  readonly #streams: readonly boolean[];

  constructor(options: PipelineOptions) {
    this.routes = Object.freeze([...options.patterns]);
    this.declarations = { ...options.declarations, routes: this.routes };
    this.instruments = options.instruments;
    this.#middleware = options.middleware;
    this.#chains = options.routes.map((route, number) => ({
      name: nameOf(options.patterns[number], route.handlers.at(-1)),
      ...stepsOf(route, options.patterns[number]?.method),
      finishers: null,
      parameterNames: route.parameterNames,
      headers: route.headers,
      isIdentified: route.isIdentified,
      checksPreconditions: route.options.checksPreconditions === true,
      isOver: isDone,
    }));
    const allow = new AllowHeader(this.routes);
    const withoutRoute: Step = (request, response) => answerWithoutRoute(request, response, allow);
    this.#withoutRoute = {
      name: 'no route',
      steps: [...options.middleware, withoutRoute],
      handlerAt: options.middleware.length,
      finishers: null,
      parameterNames: [],
      headers: options.headers,
      isIdentified: options.identifiesRequests,
      checksPreconditions: false,
      isOver: isDone,
    };
    // Last, because a 304 has the headers of the 200 (RFC 9110, section 15.4.5), such as the Vary of
    // compression.
    this.#finishers = {
      name: 'the finishers',
      steps: [...options.finishers, answerConditionally],
      handlerAt: 0,
      finishers: null,
      parameterNames: [],
      headers: [],
      isIdentified: false,
      checksPreconditions: false,
      isOver: isAborted,
    };
    this.#timedFinishers = { ...this.#finishers, steps: [enterResponse, ...this.#finishers.steps] };
    this.#onError = options.onError;
    this.#maxBodyBytes = options.routes.map((route) => route.options.maxBodyBytes);
    this.#streams = options.routes.map((route) => route.options.stream !== undefined);
  }

  /** The largest content of a route, as far as the route says so. */
  maxBodyBytesOf(routeNumber: number): number {
    return this.#maxBodyBytes[routeNumber] ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the handler of a route reads the content while it comes. */
  takesStream(routeNumber: number): boolean {
    return this.#streams[routeNumber] === true;
  }

  /** @returns a promise only if a step was asynchronous. It is never rejected */
  run(request: IncomingRequest, response: OutgoingResponse): void | Promise<void> {
    return this.#runChain(this.#chainOf(request), request, response);
  }

  /** The same within `runTimed` (timing/timed.ts): tells the stopwatch of the request where it is. */
  runTimed(request: IncomingRequest, response: OutgoingResponse): void | Promise<void> {
    const chain = this.#chainOf(request);
    const { steps, handlerAt } = chain;
    const timedSteps = [...steps.slice(0, handlerAt), enterController, ...steps.slice(handlerAt)];
    const timed = { ...chain, steps: timedSteps, finishers: this.#timedFinishers };
    return this.#runChain(timed, request, response);
  }

  /**
   * Refuses a request whose head was parsed. Its answer has what global middleware gives to every answer. No
   * route sees it. The rest is as for `run`.
   */
  refuse(request: IncomingRequest, response: OutgoingResponse, problem: HttpProblem): void | Promise<void> {
    const throwProblem: Step = () => {
      throw problem;
    };
    const { headers, isIdentified } = this.#chainOf(request);
    const chain: Chain = {
      name: 'a refused request',
      steps: [...this.#middleware, throwProblem],
      handlerAt: this.#middleware.length,
      finishers: null,
      parameterNames: [],
      headers,
      isIdentified,
      checksPreconditions: false,
      isOver: isDone,
    };
    return this.#runChain(chain, request, response);
  }

  #chainOf(request: IncomingRequest): Chain {
    return this.#chains[request.routeNumber] ?? this.#withoutRoute;
  }

  #runChain(chain: Chain, request: IncomingRequest, response: OutgoingResponse): void | Promise<void> {
    request.parameterNames = chain.parameterNames;
    request.routeName = chain.name;
    if (chain.headers.length > 0) response.headers.beginWith(chain.headers);
    if (chain.isIdentified) giveIdentity(request, response);
    const pending = this.#runSteps(chain, request, response);
    return pending === undefined
      ? this.#finish(chain, request, response)
      : pending.then(() => this.#finish(chain, request, response));
  }

  /** Makes sure that there is an answer, and runs the finishers. */
  #finish(chain: Chain, request: IncomingRequest, response: OutgoingResponse): void | Promise<void> {
    if (!response.ended && !request.aborted) this.#fail(request, response, unanswered(chain));
    if (chain.checksPreconditions && !request.aborted) this.#assertChecked(chain, request, response);
    const pending = this.#runSteps(chain.finishers ?? this.#finishers, request, response);
    if (pending !== undefined) return pending.then(() => response.seal());
    response.seal();
  }

  /** What is done cannot be undone. But the client must not believe that its condition was kept. */
  #assertChecked(chain: Chain, request: IncomingRequest, response: OutgoingResponse): void {
    if (!request.isConditional || request.preconditions.isChecked || response.statusCode >= 300) return;
    this.#fail(request, response, unchecked(chain));
  }

  /** Runs steps until one is asynchronous or the chain is over. An error becomes the answer. */
  #runSteps(chain: Chain, request: IncomingRequest, response: OutgoingResponse): undefined | Promise<void> {
    let index = 0;
    try {
      for (const step of chain.steps) {
        if (chain.isOver(request, response)) break;
        index++;
        const pending = step(request, response);
        if (isPromise(pending)) return this.#runRest(pending, index, chain, request, response);
      }
    } catch (error) {
      this.#fail(request, response, error);
    }
    return undefined;
  }

  /**
   * The same after the first asynchronous step.
   * @param next index of the step that follows it
   */
  async #runRest(
    first: Promise<void>,
    next: number,
    chain: Chain,
    request: IncomingRequest,
    response: OutgoingResponse,
  ): Promise<void> {
    try {
      await first;
      for (const step of chain.steps.slice(next)) {
        if (chain.isOver(request, response)) break;
        const pending = step(request, response);
        if (isPromise(pending)) await pending;
      }
    } catch (error) {
      this.#fail(request, response, error);
    }
  }

  /**
   * Answers with the error. It replaces any answer that the failed handler has given. The runtime gives a
   * request's memory back only once its response is sealed or the request aborted, so the path can still be
   * read here.
   */
  #fail(request: IncomingRequest, response: OutgoingResponse, error: unknown): void {
    // A client that has gone needs no answer. A handler that stopped because of that has not failed.
    if (request.aborted && isConsequenceOfAbort(error, request)) return;
    if (!(error instanceof HttpProblem)) this.#report(error, request);
    if (response.sealed || request.aborted) return;
    try {
      discardBody(response.body).catch((cleanUpError) => this.#report(cleanUpError, request));
      response.reset();
      response.endWithProblem(error instanceof HttpProblem ? error : internalError());
    } catch (secondError) {
      this.#report(secondError, request);
      response.reset();
      response.endWithProblem(internalError());
    }
  }

  #report(error: unknown, request: IncomingRequest): void {
    try {
      this.#onError(error, request);
    } catch (listenerError) {
      // The listener belongs to the runtime. Its failure must be visible, but must not fail this request.
      process.emitWarning(listenerError instanceof Error ? listenerError : String(listenerError));
    }
  }
}

/** The answer has it too. An error in place of the answer keeps it. */
function giveIdentity(request: IncomingRequest, response: OutgoingResponse): void {
  const { identity, requestId, traceparent } = identify(request);
  request.identity = identity;
  response.headers.add('x-request-id', REQUEST_ID, requestId);
  if (traceparent !== undefined) response.headers.add('traceparent', TRACEPARENT, traceparent);
}

/**
 * The steps of a route. Encoded content is decoded once the middleware has let the request pass.
 * Preconditions of an unsafe method are evaluated just before its handler, unless that one does it.
 */
function stepsOf(
  { globalMiddleware, middleware, handlers, options }: CompiledRoute,
  method: string | undefined,
): Pick<Chain, 'steps' | 'handlerAt'> {
  const { contentCoding, stream, checksPreconditions, maxBodyBytes } = options;
  const bounding = maxBodyBytes === undefined ? [] : [boundingStep(maxBodyBytes)];
  const decoding = contentCoding === undefined ? [] : [decodingStep(contentCoding)];
  const streaming = stream === undefined ? [] : [streamingStep(stream)];
  const isChecked = checksPreconditions === true || method === undefined || !isUnsafe(method);
  const preconditions = isChecked ? [] : [checkWithoutValidators];
  const before = [...globalMiddleware, ...middleware, ...bounding, ...decoding, ...streaming];
  const steps = [...before, ...handlers.slice(0, -1), ...preconditions, ...handlers.slice(-1)];
  return { steps, handlerAt: before.length };
}

function enterController(): void {
  currentTiming()?.enter('controller');
}

function enterResponse(): void {
  currentTiming()?.enter('response');
}

function streamingStep(options: StreamOptions): Step {
  return (request) => request.limitStream(options);
}

function decodingStep(bounds: ContentCodingOptions): Step {
  return (request) => request.decodeContent(bounds);
}

function boundingStep(maxBodyBytes: number): Step {
  return (request) => {
    if (request.bodyLength > maxBodyBytes) throw bodyTooLarge();
  };
}

function isDone(request: IncomingRequest, response: OutgoingResponse): boolean {
  return response.ended || request.aborted;
}

function isAborted(request: IncomingRequest): boolean {
  return request.aborted;
}

function isPromise(value: unknown): value is Promise<void> {
  return (
    value !== undefined && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  );
}

/** The error for a handler that goes on after its client has gone or was answered with 504. */
function isConsequenceOfAbort(error: unknown, request: IncomingRequest): boolean {
  if (error === request.signal.reason || isTooLate(error)) return true;
  return error instanceof Error && error.name === 'AbortError';
}

function unanswered(chain: Chain): ResponseError {
  return new ResponseError(
    'ERR_RESPONSE_MISSING',
    `The handler of ${chain.name} has not ended the response. If it is asynchronous, return its promise`,
  );
}

function unchecked(chain: Chain): ResponseError {
  return new ResponseError(
    'ERR_PRECONDITIONS_UNCHECKED',
    `The handler of ${chain.name} has done what was asked for without request.preconditions.check()`,
  );
}

function nameOf(pattern: RoutePattern | undefined, handler: Handler | undefined): string {
  const route = `${pattern?.method} ${pattern?.path}`;
  return handler === undefined || handler.name === '' ? route : `${route} (${handler.name})`;
}

function internalError(): HttpProblem {
  return new HttpProblem(500, 'Something went wrong on the server. It has been logged.');
}
