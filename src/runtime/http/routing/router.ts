/**
 * An application registers its routes and middleware here. Each worker does so once before the first request,
 * and `compile` freezes the router into a Pipeline. A later registration is an error, because only some
 * workers would serve the route.
 */
import type { RoutePattern } from '../../core/core.ts';
import { parseRoutePath, type RoutePath, RoutePatternError } from '../../core/routing/route-pattern.ts';
import { RouterError } from '../application-errors.ts';
import { cors } from '../cors/middleware.ts';
import { type CorsPolicy, CorsRules } from '../cors/policy.ts';
import { type CompiledRoute, Pipeline } from '../pipeline.ts';
import type { ConstantAnswer } from './constant-answer.ts';
import type { ErrorListener, Finisher, Handler, Middleware } from './handler.ts';
import type { ParameterName } from './parameter-name.ts';
import type { RouteOptions } from './route-options.ts';

/**
 * Options and route middleware, in order, and last the handler. They may read the parameters of their path.
 */
export type RouteHandlers<Path extends string> = readonly [
  ...(Middleware<ParameterName<Path>> | RouteOptions)[],
  Handler<ParameterName<Path>>,
];

interface RegisteredRoute extends CompiledRoute {
  readonly pattern: RoutePattern;
}

export class Router {
  readonly #middleware: Middleware[] = [];
  readonly #finishers: Finisher[] = [];
  readonly #routes: RegisteredRoute[] = [];
  readonly #constants: ConstantAnswer[] = [];
  #corsPolicy: CorsPolicy = { origins: [] };
  /** Method and path with nameless parameters, to the path as it was registered. */
  readonly #shapes = new Map<string, string>();
  #compiled = false;

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
    this.#assertOpen('middleware');
    middleware.forEach((one, index) => {
      assertFunction(one, `Middleware ${index + 1} of use()`);
    });
    this.#middleware.push(...middleware);
    return this;
  }

  /** Adds finishers, which run on every response after it has ended. In order of registration. */
  finish(...finishers: Finisher[]): this {
    this.#assertOpen('a finisher');
    finishers.forEach((one, index) => {
      assertFunction(one, `Finisher ${index + 1} of finish()`);
    });
    this.#finishers.push(...finishers);
    return this;
  }

  get<Path extends string>(path: Path, ...handlers: RouteHandlers<Path>): this {
    return this.#add('GET', path, handlers);
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
    this.#add('GET', path, [(_request, response) => response.rawJson(json)]);
    this.#constants.push(Object.freeze({ path, json }));
    return this;
  }

  post<Path extends string>(path: Path, ...handlers: RouteHandlers<Path>): this {
    return this.#add('POST', path, handlers);
  }

  put<Path extends string>(path: Path, ...handlers: RouteHandlers<Path>): this {
    return this.#add('PUT', path, handlers);
  }

  patch<Path extends string>(path: Path, ...handlers: RouteHandlers<Path>): this {
    return this.#add('PATCH', path, handlers);
  }

  delete<Path extends string>(path: Path, ...handlers: RouteHandlers<Path>): this {
    return this.#add('DELETE', path, handlers);
  }

  /** Only if HEAD must differ from GET without its content. */
  head<Path extends string>(path: Path, ...handlers: RouteHandlers<Path>): this {
    return this.#add('HEAD', path, handlers);
  }

  /** Only if OPTIONS must do more than list the methods. */
  options<Path extends string>(path: Path, ...handlers: RouteHandlers<Path>): this {
    return this.#add('OPTIONS', path, handlers);
  }

  /**
   * Freezes the router.
   * @param onError called with errors of handlers that a client must not read
   */
  compile(onError: ErrorListener): Pipeline {
    this.#assertOpen('a second pipeline');
    this.#compiled = true;
    return new Pipeline({
      patterns: this.#routes.map((route) => route.pattern),
      middleware: this.#middleware,
      routes: this.#routes,
      declarations: { constants: this.#constants, cors: this.#corsPolicy },
      finishers: this.#finishers,
      onError,
    });
  }

  #add<Path extends string>(method: string, path: Path, steps: RouteHandlers<Path>): this {
    this.#assertOpen(`${method} ${path}`);
    const { shape, parameterNames } = parsePath(path);
    const options: RouteOptions = Object.assign({}, ...steps.filter(isOptions));
    const handlers = steps.filter((step): step is Handler<string> => !isOptions(step));
    if (handlers.length === 0 || handlers.at(-1) !== steps.at(-1)) {
      throw new RouterError('ERR_ROUTE_HANDLER', `${method} ${path} has no handler at its end`);
    }
    handlers.forEach((handler, index) => {
      assertFunction(handler, `Handler ${index + 1} of ${method} ${path}`);
    });
    const key = `${method} ${shape}`;
    const earlier = this.#shapes.get(key);
    if (earlier !== undefined) {
      throw new RouterError(
        'ERR_ROUTE_DUPLICATE',
        `${method} ${path} matches the same requests as ${method} ${earlier}, which is registered already`,
      );
    }
    this.#shapes.set(key, path);
    this.#routes.push({
      pattern: Object.freeze({ method, path }),
      parameterNames,
      handlers,
      options,
    });
    return this;
  }

  #assertOpen(what: string): void {
    if (this.#compiled) {
      throw new RouterError(
        'ERR_ROUTER_COMPILED',
        `Cannot register ${what}: the routes are compiled. Register everything in routes()`,
      );
    }
  }
}

/** Reports a refused pattern like the router's other errors. */
function parsePath(path: string): RoutePath {
  try {
    return parseRoutePath(path);
  } catch (error) {
    if (error instanceof RoutePatternError) throw new RouterError(error.code, error.message);
    throw error;
  }
}

function isOptions(step: unknown): step is RouteOptions {
  return typeof step === 'object' && step !== null;
}

function assertFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') {
    throw new RouterError('ERR_ROUTE_HANDLER', `${what} must be a function, not ${typeof value}`);
  }
}
