/** What each route takes and answers, by operation id. It loads every schema, so only the API imports it. */
import {
  changePassword,
  deleteAccount,
  getAccount,
  login,
  register,
  renewToken,
  updateAccount,
} from '../accounts/account-endpoints.ts';
import { streamEvents } from '../events/event-endpoints.ts';
import { getOperation, listVmOperations } from '../operations/operation-endpoints.ts';
import {
  createVmSnapshot,
  deleteSnapshot,
  getSnapshot,
  listVmSnapshots,
} from '../snapshots/snapshot-endpoints.ts';
import {
  createVm,
  deleteVm,
  deleteVmTag,
  getVm,
  listVms,
  restartVm,
  setVmTag,
  startVm,
  stopVm,
  updateVm,
} from '../vms/vm-endpoints.ts';
import type { EndpointDescription } from './endpoint.ts';
import type { OperationId } from './routes.ts';

export const ENDPOINTS = {
  register,
  login,
  getAccount,
  updateAccount,
  deleteAccount,
  changePassword,
  renewToken,
  listVms,
  createVm,
  streamEvents,
  getVm,
  updateVm,
  deleteVm,
  setVmTag,
  deleteVmTag,
  startVm,
  stopVm,
  restartVm,
  listVmOperations,
  getOperation,
  listVmSnapshots,
  createVmSnapshot,
  getSnapshot,
  deleteSnapshot,
} as const satisfies Record<OperationId, EndpointDescription>;

export type Endpoints = typeof ENDPOINTS;
