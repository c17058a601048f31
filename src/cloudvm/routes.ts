/**
 * The routes of CloudVM and what runs before them, in the contract's order: CORS, authentication, then the
 * route with its own middleware and handler. Called once in each worker before it serves.
 */

import { compression, cors, type Handler, type Router } from '../runtime/application.ts';
import { AuthenticationController } from './accounts/account-controller.ts';
import { authenticate } from './accounts/authenticate.ts';
import { requireUser } from './accounts/require-user.ts';
import { HealthController, type Readiness } from './health/health-controller.ts';
import { withProblems } from './problems.ts';
import type { ServicesOf } from './services.ts';
import { VmController } from './vms/vm-controller.ts';

export interface RoutesOptions {
  readonly corsOrigins: readonly string[];
  readonly services: ServicesOf;
  readonly readiness: Readiness;
  /** Told when a request failed because the database is away, full or too slow. */
  readonly onDatabaseTrouble: (error: unknown) => void;
}

export function registerRoutes(router: Router, options: RoutesOptions): void {
  const { corsOrigins, services, readiness, onDatabaseTrouble } = options;
  const answered = (handler: Handler) => withProblems(handler, onDatabaseTrouble);
  const health = new HealthController(readiness);
  const authentication = new AuthenticationController(services);
  const vms = new VmController(services);

  router.use(cors(corsOrigins));
  router.use(authenticate(() => services().tokens));
  router.finish(compression());

  router.get('/health', health.health);
  router.get('/health/ready', health.ready);

  router.post('/api/auth/register', answered(authentication.register));
  router.post('/api/auth/login', answered(authentication.login));
  router.get('/api/auth/me', requireUser, answered(authentication.me));

  router.get('/api/vms', requireUser, answered(vms.list));
  router.post('/api/vms', requireUser, answered(vms.create));
  router.get('/api/vms/:id', requireUser, answered(vms.read));
  router.patch('/api/vms/:id', requireUser, answered(vms.change));
  router.delete('/api/vms/:id', requireUser, answered(vms.delete));
}
