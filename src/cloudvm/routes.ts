/**
 * Puts the routes of CloudVM together. Each request passes in the contract's order: CORS, the route, its
 * user if it needs one, its handler. Each worker calls this once, before it serves.
 */

import { compression, type Handler, type Middleware, type Router } from '../runtime/application.ts';
import { requireUser, type TokenVerifier } from './accounts/tokens/require-user.ts';
import type { Api } from './api.ts';
import { type OperationId, ROUTES, type Route } from './contract/routes.ts';
import { databaseProblem, isDatabaseTrouble } from './database/database-problems.ts';
import { registerDocumentation } from './documentation/documentation-routes.ts';
import { HealthController, type Readiness } from './health/health-controller.ts';
import type { OnDemand } from './on-demand.ts';

/** A user's answers are for nobody else, and a token may be withdrawn before they are asked for again. */
const PRIVATE = { 'Cache-Control': 'private, no-cache' };

export interface RoutesOptions {
  readonly corsOrigins: readonly string[];
  /** A function, because routes are registered before the worker has its secrets. */
  readonly tokens: () => TokenVerifier;
  readonly api: Pick<OnDemand<Api>, 'open'>;
  readonly readiness: Readiness;
  /** Called when a request failed because the database is unreachable, full or too slow. */
  readonly onDatabaseTrouble: (error: unknown) => void;
}

export function registerRoutes(router: Router, options: RoutesOptions): void {
  const { corsOrigins, readiness } = options;
  router.cors({ origins: corsOrigins });
  router.headers({ 'X-Content-Type-Options': 'nosniff' });
  router.finish(compression());

  router.constant('/health', { status: 'ok' });
  router.get('/health/ready', new HealthController(readiness).ready);
  registerDocumentation(router);
  const user = requireUser(options.tokens);
  for (const route of ROUTES) register(router, route, user, handlerOnDemand(route.operationId, options));
}

function register(router: Router, route: Route, user: Middleware, handler: Handler): void {
  const { method, path, access, checksPreconditions = false } = route;
  if (access === 'all') router[method](path, { checksPreconditions }, handler);
  else router[method](path, { checksPreconditions, headers: PRIVATE }, user, handler);
}

/** The first request that needs it waits until the API is open. */
function handlerOnDemand(operationId: OperationId, { api, onDatabaseTrouble }: RoutesOptions): Handler {
  let known: Handler | undefined;
  const open = async (): Promise<Handler> => {
    try {
      const opened = await api.open();
      known = opened.handler(operationId, onDatabaseTrouble);
      return known;
    } catch (error) {
      if (isDatabaseTrouble(error)) onDatabaseTrouble(error);
      throw databaseProblem(error) ?? error;
    }
  };
  return (request, response) =>
    known === undefined ? open().then((handler) => handler(request, response)) : known(request, response);
}
