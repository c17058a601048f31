/**
 * Every route of the API as data: what registers routes, the OpenAPI document and the client are made from
 * this list. It loads nothing, because each worker registers all routes, also one that never opens the API.
 * What goes in and comes out of a route is in endpoints.ts, and its handler in handlers.ts, by operation id.
 */

export interface Route {
  /** Unique. The name of the route in the OpenAPI document and in the client. */
  readonly operationId: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  /** Who may call it: everybody, or only a request with a valid token. */
  readonly access: 'all' | 'user';
  /** Its success withdraws the token of the request, so a repetition comes with a token that is withdrawn. */
  readonly withdrawsToken?: true;
  /** As in the runtime's RouteOptions. */
  readonly checksPreconditions?: boolean;
  readonly maxBodyBytes?: number;
  readonly isUnlimited?: boolean;
  readonly ownsPath?: boolean;
}

/** For an e-mail address, a username and two passwords, whatever escapes they are spelt with. */
const maxBodyBytes = 8192;

export const ROUTES = [
  { operationId: 'register', method: 'post', path: '/api/auth/register', access: 'all', maxBodyBytes },
  { operationId: 'login', method: 'post', path: '/api/auth/login', access: 'all', maxBodyBytes },
  { operationId: 'getAccount', method: 'get', path: '/api/auth/me', access: 'user' },
  { operationId: 'updateAccount', method: 'patch', path: '/api/auth/me', access: 'user', maxBodyBytes },
  { operationId: 'deleteAccount', method: 'delete', path: '/api/auth/me', access: 'user', maxBodyBytes },
  {
    operationId: 'changePassword',
    method: 'post',
    path: '/api/auth/password',
    access: 'user',
    withdrawsToken: true,
    maxBodyBytes,
  },
  { operationId: 'renewToken', method: 'post', path: '/api/auth/token', access: 'user', maxBodyBytes },

  { operationId: 'listVms', method: 'get', path: '/api/vms', access: 'user' },
  { operationId: 'createVm', method: 'post', path: '/api/vms', access: 'user' },
  { operationId: 'streamEvents', method: 'get', path: '/api/vms/events', access: 'user', ownsPath: true },
  { operationId: 'getVm', method: 'get', path: '/api/vms/:id', access: 'user' },
  {
    operationId: 'updateVm',
    method: 'patch',
    path: '/api/vms/:id',
    access: 'user',
    checksPreconditions: true,
  },
  {
    operationId: 'deleteVm',
    method: 'delete',
    path: '/api/vms/:id',
    access: 'user',
    checksPreconditions: true,
  },
  {
    operationId: 'setVmTag',
    method: 'put',
    path: '/api/vms/:id/tags/:key',
    access: 'user',
    checksPreconditions: true,
  },
  {
    operationId: 'deleteVmTag',
    method: 'delete',
    path: '/api/vms/:id/tags/:key',
    access: 'user',
    checksPreconditions: true,
  },
  {
    operationId: 'startVm',
    method: 'post',
    path: '/api/vms/:id/start',
    access: 'user',
    checksPreconditions: true,
  },
  {
    operationId: 'stopVm',
    method: 'post',
    path: '/api/vms/:id/stop',
    access: 'user',
    checksPreconditions: true,
  },
  {
    operationId: 'restartVm',
    method: 'post',
    path: '/api/vms/:id/restart',
    access: 'user',
    checksPreconditions: true,
  },

  { operationId: 'listVmOperations', method: 'get', path: '/api/vms/:id/operations', access: 'user' },
  { operationId: 'getOperation', method: 'get', path: '/api/operations/:id', access: 'user' },

  { operationId: 'listVmSnapshots', method: 'get', path: '/api/vms/:id/snapshots', access: 'user' },
  { operationId: 'createVmSnapshot', method: 'post', path: '/api/vms/:id/snapshots', access: 'user' },
  { operationId: 'getSnapshot', method: 'get', path: '/api/snapshots/:id', access: 'user' },
  { operationId: 'deleteSnapshot', method: 'delete', path: '/api/snapshots/:id', access: 'user' },
] as const satisfies readonly Route[];

export type OperationId = (typeof ROUTES)[number]['operationId'];
