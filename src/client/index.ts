/** The public interface of `cloudvm-backend/client`. */
export type {
  AccountDeletion,
  CloudVmEvent,
  Login,
  NewSnapshot,
  NewVm,
  Operation,
  OperationId,
  OperationPage,
  PageQuery,
  PasswordChange,
  ProblemName,
  Registration,
  Session,
  Snapshot,
  SnapshotPage,
  User,
  UserChanges,
  Vm,
  VmChanges,
  VmPage,
  VmQuery,
} from '../cloudvm/contract/client-contract.ts';
export type { OperationReference } from './calls/body.ts';
export type { CallAnswer, CallId, CallInput, KeyOption } from './calls/call.ts';
export type { Version, VersionOption } from './calls/entity-tag.ts';
export type { OperationCalls } from './calls/operation-calls.ts';
export type { PendingSnapshot, SnapshotCalls } from './calls/snapshot-calls.ts';
export type { ChangeOptions, ChangingVm, VmCalls } from './calls/vm-calls.ts';
export type { WaitOptions } from './calls/wait-for.ts';
export { CloudVmClient } from './cloudvm-client.ts';
export {
  CloudVmBadAnswer,
  CloudVmError,
  type CloudVmErrorCode,
  CloudVmNetworkError,
  CloudVmTimeout,
  CloudVmUsageError,
  type TimeoutPhase,
} from './errors/client-error.ts';
export { CloudVmOperationFailed } from './errors/operation-failed.ts';
export { CloudVmProblem, type InvalidField } from './errors/problem.ts';
export type { Events, EventsOptions } from './events/follow-events.ts';
export type { CallOptions, ClientOptions, RetryOptions, Timeouts } from './options.ts';
export type { RateLimit } from './retries/rate-limit.ts';
