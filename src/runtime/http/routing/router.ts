/**
 * An application registers its routes and middleware here. Each worker does so once before the first request,
 * and `compile` freezes the router into a Pipeline. A later registration is an error, because only some
 * workers would serve the route.
 */
import { RouterError } from '../application-errors.ts';
import { cors } from '../cors/middleware.ts';
import { type CorsPolicy, CorsRules } from '../cors/policy.ts';
import { Pipeline } from '../pipeline.ts';
import type { RouteSchemas } from '../schema/route-schemas.ts';
import type { ConstantAnswer } from './constant-answer.ts';
import type { ErrorListener, Finisher, Middleware } from './handler.ts';
import { RouteGroup } from './route-group.ts';
import { assertFunction, parsePath, RouteTable } from './route-table.ts';

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
  #corsPolicy: CorsPolicy = { origins: [] };

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
    this.#corsPolicy = Object.freeze({ origins: Object.freeze([...policy.origins]) });
    return this.use(cors(new CorsRules(this.#corsPolicy)));
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
   * Answers GET with JSON that never changes. The server gives this answer even while no worker is free, as a
   * question whether the process lives requires. Then no middleware runs.
   */
  constant(path: string, value: unknown): this {
    if (parsePath(path).segments.some(({ kind }) => kind !== 'static')) {
      throw new RouterError(
        'ERR_ROUTE_PATTERN',
        `A constant answer has a path without parameters, not ${path}`,
      );
    }
    const json = JSON.stringify(value);
    this.get(path, (_request, response) => response.rawJson(json));
    this.#constants.push(Object.freeze({ path, json }));
    return this;
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
      routes,
      declarations: { constants: this.#constants, cors: this.#corsPolicy },
      finishers: this.#finishers,
      onError,
    });
  }
}
