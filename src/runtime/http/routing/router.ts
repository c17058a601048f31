/**
 * An application registers its routes and middleware here. Each worker does so once before the first request,
 * and `compile` freezes the router into a Pipeline. A later registration is an error, because only some
 * workers would serve the route.
 */
import { RouterError } from '../application-errors.ts';
import { cors } from '../cors/middleware.ts';
import { type CorsPolicy, CorsRules } from '../cors/policy.ts';
import { type Counter, type Gauge, type MeterLabels, Meters } from '../metrics/meters.ts';
import { type MetricsOptions, MetricsRoute } from '../metrics/metrics-route.ts';
import { Pipeline } from '../pipeline.ts';
import { RateLimit, type RateLimitOptions } from '../rate-limit/rate-limit.ts';
import { type StandingFields, standingFields } from '../response/response-headers.ts';
import type { RouteSchemas } from '../schema/route-schemas.ts';
import type { ConstantAnswer } from './constant-answer.ts';
import type { ErrorListener, Finisher, Middleware } from './handler.ts';
import { RouteGroup } from './route-group.ts';
import { assertFunction, parsePath, type RegisteredRoute, RouteTable } from './route-table.ts';

/** A route as a document describes it. */
export interface RouteDescription {
  /** In upper case. */
  readonly method: string;
  /** With the prefixes of its groups. */
  readonly path: string;
  readonly schemas: RouteSchemas;
}

export class Router extends RouteGroup<''> {
  readonly #table: RouteTable;
  readonly #middleware: Middleware[] = [];
  readonly #finishers: Finisher[] = [];
  readonly #constants: ConstantAnswer[] = [];
  readonly #meters = new Meters();
  #metricsRoute: MetricsRoute | null = null;
  #headers: Readonly<Record<string, string>> = {};
  #corsPolicy: CorsPolicy = { origins: [] };
  #identifiesRequests = false;
  #rateLimit: RateLimit | null = null;

  constructor() {
    const table = new RouteTable();
    super(table, '', []);
    this.#table = table;
  }

  /**
   * Lets scripts of other origins read the answers. The runtime applies the policy also to what it refuses
   * before the application sees it. To be called before `use`, so that a preflight is answered before
   * authentication.
   */
  cors(policy: CorsPolicy): this {
    this.#corsPolicy = structuredClone(policy);
    return this.use(cors(new CorsRules(this.#corsPolicy)));
  }

  /**
   * Adds headers to every answer, errors and the runtime's own refusals included, except to constant answers.
   * A handler may set others of their names. What differs from request to request is for middleware.
   */
  headers(headers: Readonly<Record<string, string>>): this {
    this.#table.assertOpen('headers');
    const fields = standingFields({ ...this.#headers, ...headers });
    this.#headers = Object.freeze(Object.fromEntries(fields.map(({ name, value }) => [name, value])));
    return this;
  }

  /**
   * Gives every request an id: the client's, if it sends `X-Request-Id` with 1 to 128 visible ASCII
   * characters, else one of ours. If it sends a valid `traceparent`, this server is a span of its trace.
   * Every answer has both fields, the runtime's own refusals included, except constant answers. The runtime's
   * lines of the log have them, and `request.identity` has them for those of the application.
   */
  identifyRequests(): this {
    this.#table.assertOpen('the ids of requests');
    this.#identifiesRequests = true;
    return this;
  }

  /**
   * Bounds how many requests a client may send in a minute, whichever workers get them. It is middleware:
   * what runs before it, such as the answer to a preflight, does not count. Nor do constant answers, metrics,
   * and routes with the option `isUnlimited`. Beyond the bound it is 429. All other answers tell what is
   * left.
   * @throws RouterError
   */
  rateLimit(options: RateLimitOptions): this {
    if (this.#rateLimit !== null) {
      throw new RouterError('ERR_RATE_LIMIT', 'An application has one limit of requests in a minute');
    }
    this.#rateLimit = new RateLimit(options);
    return this.use(this.#rateLimit.middleware);
  }

  /** Adds middleware that runs on every request, even if no route matches. In order of registration. */
  use(...middleware: Middleware[]): this {
    this.#table.assertOpen('middleware');
    middleware.forEach((one, index) => {
      assertFunction(one, `Middleware ${index + 1} of use()`);
    });
    this.#middleware.push(...middleware);
    return this;
  }

  /** Adds finishers, which run on every response after it has ended. In order of registration. */
  finish(...finishers: Finisher[]): this {
    this.#table.assertOpen('a finisher');
    finishers.forEach((one, index) => {
      assertFunction(one, `Finisher ${index + 1} of finish()`);
    });
    this.#finishers.push(...finishers);
    return this;
  }

  /**
   * Answers GET with JSON that never changes. The main thread gives this answer, even while no worker is
   * free, as a question whether the process lives requires. So no middleware and no finisher runs, except for
   * requests that main cannot read, such as conditional ones, which go to a worker.
   */
  constant(path: string, value: unknown): this {
    assertStatic(path, 'A constant answer has');
    const json = JSON.stringify(value);
    this.get(path, (_request, response) => response.rawJson(json));
    this.#constants.push(Object.freeze({ path, json }));
    return this;
  }

  /**
   * Answers GET with the metrics of the server and of the application, for Prometheus. The server gives this
   * answer even while no worker is free. No middleware runs, because those who ask have a token of their own.
   */
  metrics(path: string, { token }: MetricsOptions = {}): this {
    if (this.#metricsRoute !== null) {
      throw new RouterError('ERR_ROUTE_DUPLICATE', `There is one path for metrics, so it cannot be ${path}`);
    }
    assertStatic(path, 'Metrics have');
    const route = new MetricsRoute({ path, token });
    this.get(path, route.handle);
    this.#metricsRoute = route;
    return this;
  }

  /**
   * Declares a counter among the metrics. To count costs no more than to write a word.
   * @param name in snake case, ends with `_total`
   * @param labels which tell it apart from other counters of this name
   */
  counter(name: string, help: string, labels: MeterLabels = {}): Counter {
    this.#table.assertOpen(name);
    return this.#meters.counter(name, help, labels);
  }

  /** Declares a gauge among the metrics: the sum of what the workers have set. See `counter`. */
  gauge(name: string, help: string, labels: MeterLabels = {}): Gauge {
    this.#table.assertOpen(name);
    return this.#meters.gauge(name, help, labels);
  }

  /** All routes so far, in order of registration, with their schemas: for a document that describes them. */
  get routes(): readonly RouteDescription[] {
    return this.#table.routes.map(({ pattern, schemas }) => ({ ...pattern, schemas }));
  }

  /**
   * Freezes the router.
   * @param onError called with errors of handlers that a client must not read
   */
  compile(onError: ErrorListener): Pipeline {
    this.#table.assertOpen('a second pipeline');
    this.#table.freeze();
    const { routes } = this.#table;
    return new Pipeline({
      patterns: routes.map((route) => route.pattern),
      middleware: this.#middleware,
      routes: routes.map((route) => ({
        ...route,
        headers: this.#headersOf(route),
        globalMiddleware: this.#globalMiddlewareOf(route),
        isIdentified: this.#identifiesRequests && !this.#isConstant(route),
      })),
      headers: standingFields(this.#headers),
      identifiesRequests: this.#identifiesRequests,
      declarations: {
        constants: this.#constants,
        metrics: this.#metricsRoute?.declaration ?? null,
        meters: this.#meters.declarations,
        cors: this.#corsPolicy,
        headers: this.#headers,
        identifiesRequests: this.#identifiesRequests,
      },
      instruments: { meters: this.#meters, metricsRoute: this.#metricsRoute, rateLimit: this.#rateLimit },
      finishers: this.#finishers,
      onError,
    });
  }

  #globalMiddlewareOf(route: RegisteredRoute): readonly Middleware[] {
    const { method, path } = route.pattern;
    if (method === 'GET' && path === this.#metricsRoute?.declaration.path) return [];
    const isUnlimited = this.#isConstant(route) || route.options.isUnlimited === true;
    return isUnlimited
      ? this.#middleware.filter((one) => one !== this.#rateLimit?.middleware)
      : this.#middleware;
  }

  /** None for a constant answer, because main gives it as it is. */
  #headersOf(route: RegisteredRoute): StandingFields {
    return standingFields({ ...(this.#isConstant(route) ? {} : this.#headers), ...route.options.headers });
  }

  #isConstant({ pattern }: RegisteredRoute): boolean {
    return pattern.method === 'GET' && this.#constants.some(({ path }) => path === pattern.path);
  }
}

/** @throws RouterError if the path has parameters */
function assertStatic(path: string, whatHas: string): void {
  if (parsePath(path).segments.every(({ kind }) => kind === 'static')) return;
  throw new RouterError('ERR_ROUTE_PATTERN', `${whatHas} a path without parameters, not ${path}`);
}
