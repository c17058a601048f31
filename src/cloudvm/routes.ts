/**
 * Puts the routes of CloudVM together. Each request passes in the contract's order: CORS, authentication,
 * then the route's own check and handler. Each worker calls this once, before it serves.
 */

import { compression, cors, type Router } from '../runtime/application.ts';
import { accountRoutes } from './accounts/account-routes.ts';
import { authenticate } from './accounts/tokens/authenticate.ts';
import { requireUser } from './accounts/tokens/require-user.ts';
import type { Readiness } from './health/health-controller.ts';
import { healthRoutes } from './health/health-routes.ts';
import { withProblems } from './problems.ts';
import type { Route } from './route.ts';
import type { Services } from './services.ts';
import { vmRoutes } from './vms/vm-routes.ts';

export interface RoutesOptions {
  readonly corsOrigins: readonly string[];
  /** A function, because routes are registered before the services are open. */
  readonly services: () => Services;
  readonly readiness: Readiness;
  /** Called when a request failed because the database is unreachable, full or too slow. */
  readonly onDatabaseTrouble: (error: unknown) => void;
}

export function registerRoutes(router: Router, options: RoutesOptions): void {
  const { corsOrigins, services, readiness, onDatabaseTrouble } = options;
  const register = ({ method, path, access, handler }: Route) => {
    const answering = withProblems(handler, onDatabaseTrouble);
    if (access === 'user') router[method](path, requireUser, answering);
    else router[method](path, answering);
  };

  router.use(cors(corsOrigins));
  router.use(authenticate(() => services().accounts.tokens));
  router.finish(compression());

  healthRoutes(readiness).forEach(register);
  accountRoutes(() => services().accounts).forEach(register);
  vmRoutes(() => services().vms).forEach(register);
}
