/** All routes of CloudVM, for requests that need neither a token nor the database. */
import { registerRoutes } from '../../../../src/cloudvm/routes.ts';
import type { Router } from '../../../../src/runtime/http/routing/router.ts';

export function registerWithoutApi(router: Router): void {
  registerRoutes(router, {
    corsOrigins: [],
    tokens: () => {
      throw new Error('no request here has a token');
    },
    api: { open: () => Promise.reject(new Error('no request here needs the API')) },
    readiness: { workers: { serving: 1, size: 1 }, cutOffRoutes: [], check: async () => undefined },
    onDatabaseTrouble: () => {},
    onThrottled: () => {},
  });
}
