/**
 * The routes that are about the server itself: its health, this documentation, and where to begin. They are
 * data like those of the API (contract/routes.ts), so that the OpenAPI document has them too.
 */
import type { Route } from '../contract/routes.ts';

export const SERVICE_ROUTES = [
  { operationId: 'getStart', method: 'get', path: '/', access: 'all' },
  { operationId: 'getHealth', method: 'get', path: '/health', access: 'all', isUnlimited: true },
  { operationId: 'getReadiness', method: 'get', path: '/health/ready', access: 'all', isUnlimited: true },
  { operationId: 'getMetrics', method: 'get', path: '/metrics', access: 'all', isUnlimited: true },
  { operationId: 'getOpenApi', method: 'get', path: '/openapi.json', access: 'all' },
  { operationId: 'getDocs', method: 'get', path: '/docs', access: 'all' },
  { operationId: 'listProblems', method: 'get', path: '/problems', access: 'all' },
  { operationId: 'getProblem', method: 'get', path: '/problems/:name', access: 'all' },
] as const satisfies readonly Route[];

export type ServiceOperationId = (typeof SERVICE_ROUTES)[number]['operationId'];

/** The parts of the page `/docs`. They are no operations: the page knows their names. */
export const DOCS_FILE_PATH = '/docs/:file';
