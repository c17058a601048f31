/**
 * All routes of one router, whichever group they were registered in. It refuses what cannot be served: an
 * invalid path, a route without a handler, two routes for the same requests, and whatever comes too late.
 */
import type { RoutePattern } from '../../core/core.ts';
import { parseRoutePath, type RoutePath, RoutePatternError } from '../../core/routing/route-pattern.ts';
import { RouterError } from '../application-errors.ts';
import type { CompiledRoute } from '../pipeline.ts';
import {
  checksRequest,
  type RouteSchemas,
  schemasIn,
  schemasOf,
  stepsOf,
  withSchema,
} from '../schema/route-schemas.ts';
import type { Handler } from './handler.ts';
import { assertOptions, type RouteOptions } from './route-options.ts';

export interface RegisteredRoute
  extends Omit<CompiledRoute, 'headers' | 'globalMiddleware' | 'isIdentified'> {
  readonly pattern: RoutePattern;
  /** Those of its options, and those that `withSchema` has given to its handler. */
  readonly schemas: RouteSchemas;
}

export interface RouteSteps {
  readonly options: RouteOptions;
  /** Of the groups around it. */
  readonly middleware: readonly Handler<string>[];
  /** Middleware of the route itself, and last the handler. They are checked when they are added. */
  readonly handlers: readonly unknown[];
}

export class RouteTable {
  readonly #routes: RegisteredRoute[] = [];
  /** Method and path with nameless parameters, to the path as it was registered. */
  readonly #shapes = new Map<string, string>();
  #isFrozen = false;

  /** In order of registration. */
  get routes(): readonly RegisteredRoute[] {
    return this.#routes;
  }

  /** @param path with the prefixes of all groups around it */
  add(method: string, path: string, { options, middleware, handlers }: RouteSteps): void {
    this.assertOpen(`${method} ${path}`);
    const { shape, parameterNames } = parsePath(path);
    assertOptions(options, `${method} ${path}`);
    const { own, handler } = checkHandlers(handlers, `${method} ${path}`);
    this.#claim(method, path, shape);
    const checked = checksRequest(options) ? withSchema(options, handler) : handler;
    this.#routes.push({
      pattern: Object.freeze({ method, path, ...(options.ownsPath === true && { ownsPath: true }) }),
      parameterNames,
      middleware: [...middleware, ...own],
      handlers: stepsOf(checked),
      options,
      schemas: Object.freeze({ ...schemasOf(handler), ...schemasIn(options) }),
    });
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  assertOpen(what: string): void {
    if (this.#isFrozen) {
      throw new RouterError(
        'ERR_ROUTER_COMPILED',
        `Cannot register ${what}: the routes are compiled. Register everything in routes()`,
      );
    }
  }

  #claim(method: string, path: string, shape: string): void {
    const key = `${method} ${shape}`;
    const earlier = this.#shapes.get(key);
    if (earlier !== undefined) {
      throw new RouterError(
        'ERR_ROUTE_DUPLICATE',
        `${method} ${path} matches the same requests as ${method} ${earlier}, which is registered already`,
      );
    }
    this.#shapes.set(key, path);
  }
}

/** Reports a refused pattern like the router's other errors. */
export function parsePath(path: string): RoutePath {
  try {
    return parseRoutePath(path);
  } catch (error) {
    if (error instanceof RoutePatternError) throw new RouterError(error.code, error.message);
    throw error;
  }
}

export function assertFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') {
    throw new RouterError('ERR_ROUTE_HANDLER', `${what} must be a function, not ${typeof value}`);
  }
}

/** @returns the middleware of the route itself, and its handler */
function checkHandlers(handlers: readonly unknown[], route: string) {
  handlers.forEach((handler, index) => {
    assertFunction(handler, `Handler ${index + 1} of ${route}`);
  });
  const own = handlers.slice() as Handler<string>[];
  const handler = own.pop();
  if (handler === undefined) throw new RouterError('ERR_ROUTE_HANDLER', `${route} has no handler`);
  return { own, handler };
}
