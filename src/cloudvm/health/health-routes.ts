/** The routes that tell whether the process is healthy and ready. */
import type { Route } from '../route.ts';
import { HealthController, type Readiness } from './health-controller.ts';

export function healthRoutes(readiness: Readiness): readonly Route[] {
  const health = new HealthController(readiness);
  return [
    { method: 'get', path: '/health', access: 'all', handler: health.health },
    { method: 'get', path: '/health/ready', access: 'all', handler: health.ready },
  ];
}
