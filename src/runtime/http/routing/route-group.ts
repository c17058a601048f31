/**
 * Registers routes whose paths begin with the same prefix, with middleware of their own. Router is the group
 * of all routes, without a prefix.
 */
import { RouterError } from '../application-errors.ts';
import type { SchemaHandler } from '../schema/route-schemas.ts';
import type { Handler, Middleware } from './handler.ts';
import type { ParameterName } from './parameter-name.ts';
import type { RouteOptions } from './route-options.ts';
import { assertFunction, parsePath, type RouteTable } from './route-table.ts';

/** Route middleware, in order, and last the handler. They may read the parameters of their path. */
export type RouteHandlers<Path extends string> = readonly [
  ...Middleware<ParameterName<Path>>[],
  Handler<ParameterName<Path>>,
];

/** The same for a route that has schemas. The handler gets what has passed them. */
export type RouteHandlersWithValues<Name extends string, Body, Query, Parameters> = readonly [
  ...Middleware<Name>[],
  SchemaHandler<Body, Query, Parameters, Name>,
];

/** The middleware of a group, in order, and last what registers its routes. */
export type GroupDefinition<Prefix extends string> = readonly [
  ...Middleware<ParameterName<Prefix>>[],
  (group: RouteGroup<Prefix>) => void,
];

/**
 * Registers a route of one method.
 * @throws RouterError for a path that is invalid or taken, or for a handler that is no function
 */
export interface AddRoute<Group, Prefix extends string> {
  <Path extends string>(path: Path, ...handlers: RouteHandlers<`${Prefix}${Path}`>): Group;
  <Path extends string, Body = undefined, Query = undefined, Parameters = undefined>(
    path: Path,
    options: RouteOptions<Body, Query, Parameters>,
    ...handlers: RouteHandlersWithValues<ParameterName<`${Prefix}${Path}`>, Body, Query, Parameters>
  ): Group;
}

/** @typeParam Prefix '' for the group of all routes */
export class RouteGroup<Prefix extends string = string> {
  readonly #table: RouteTable;
  readonly #prefix: string;
  readonly #middleware: readonly Handler<string>[];

  readonly get = this.#adder('GET');
  readonly post = this.#adder('POST');
  readonly put = this.#adder('PUT');
  readonly patch = this.#adder('PATCH');
  readonly delete = this.#adder('DELETE');
  /** Only if HEAD must differ from GET without its content. */
  readonly head = this.#adder('HEAD');
  /** Only if OPTIONS must do more than list the methods. */
  readonly options = this.#adder('OPTIONS');

  /** @param middleware of this group and of all groups around it. */
  constructor(table: RouteTable, prefix: string, middleware: readonly Handler<string>[]) {
    this.#table = table;
    this.#prefix = prefix;
    this.#middleware = middleware;
  }

  /**
   * Registers routes whose paths begin with `prefix`. The path '' is that of the prefix itself. The
   * middleware runs for these routes alone: after that of the router and of the groups around, and before
   * that of the route.
   * @throws RouterError for a prefix that is invalid, or if the last argument is no synchronous function
   */
  group<Path extends string>(prefix: Path, ...definition: GroupDefinition<`${Prefix}${Path}`>): this {
    const path = `${this.#prefix}${prefix}` as const;
    this.#table.assertOpen(`the group ${path}`);
    assertPrefix(prefix);
    const { middleware, define } = partsOf(definition, path);
    const result: unknown = define(new RouteGroup(this.#table, path, [...this.#middleware, ...middleware]));
    if (result instanceof Promise) {
      throw new RouterError('ERR_ROUTE_HANDLER', `The group ${path} must register its routes synchronously`);
    }
    return this;
  }

  #adder(method: string): AddRoute<this, Prefix> {
    return (path: string, ...rest: readonly unknown[]) => {
      // Without the "/", the segment would go on with the last one of the prefix.
      if (path !== '' && this.#prefix !== '') parsePath(path);
      const [first] = rest;
      const hasOptions = isOptions(first);
      this.#table.add(method, `${this.#prefix}${path}`, {
        options: hasOptions ? first : {},
        middleware: this.#middleware,
        handlers: hasOptions ? rest.slice(1) : rest,
      });
      return this;
    };
  }
}

function isOptions(value: unknown): value is RouteOptions {
  return typeof value === 'object' && value !== null;
}

function partsOf<Prefix extends string>(definition: GroupDefinition<Prefix>, prefix: string) {
  // The type of a list whose beginning may be of any length does not tell its last item from the others.
  const middleware = definition.slice(0, -1) as Middleware<ParameterName<Prefix>>[];
  const define = definition.at(-1) as (group: RouteGroup<Prefix>) => void;
  middleware.forEach((one, index) => {
    assertFunction(one, `Middleware ${index + 1} of the group ${prefix}`);
  });
  assertFunction(define, `The last argument of the group ${prefix}`);
  return { middleware, define };
}

function assertPrefix(prefix: string): void {
  const { segments } = parsePath(prefix);
  const last = segments.at(-1);
  if (last?.kind === 'wildcard') {
    throw new RouterError('ERR_ROUTE_PATTERN', `The prefix "${prefix}" of a group cannot have a wildcard`);
  }
  if (last?.kind === 'static' && last.text === '') {
    throw new RouterError('ERR_ROUTE_PATTERN', `The prefix "${prefix}" of a group cannot end with "/"`);
  }
}
