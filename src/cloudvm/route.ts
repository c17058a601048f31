/**
 * A route as a feature declares it. Each feature has a list of them (vms/vm-routes.ts, for example), and
 * routes.ts registers all lists. They name their handlers without loading them, see api.ts.
 */
import type { Handler, ParameterName, RouteOptions } from '../runtime/application.ts';
import type { Api } from './api.ts';

export interface Route<Path extends string = string> extends RouteOptions {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: Path;
  /** Who may call it: everybody, or only a request with a valid token. */
  readonly access: 'all' | 'user';
  readonly handler: (api: Api) => Handler<ParameterName<Path>>;
}

/** Declares a route. It does not compile if its handler reads a parameter that its path does not have. */
export function route<Path extends string>(declared: Route<Path>): Route {
  return declared;
}
