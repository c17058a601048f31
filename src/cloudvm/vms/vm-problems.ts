/** The problem details for errors about VMs. problems.ts and the VM controller use it. */
import type { HttpProblem } from '../../runtime/application.ts';
import { problem } from '../contract/problem.ts';
import { InvalidCursorError } from '../database/newest-first.ts';
import { invalid } from '../validation/validator.ts';
import { BUSY_STATUSES } from './lifecycle.ts';
import { StatusConflictError, TooManyTagsError, VersionMismatchError } from './repository/vm-errors.ts';
import { MAX_TAGS, type VmStatus } from './vm.ts';
import { VmQuotaExceededError } from './vm-quota.ts';

/** An operation that goes on ends soon, if all is well. */
const RETRY_AFTER_SECONDS = '1';

/** @returns undefined for an error that is not about VMs */
export function vmProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof StatusConflictError) return statusConflict(error.status);
  if (error instanceof VersionMismatchError) return preconditionFailed(error.currentVersion);
  if (error instanceof VmQuotaExceededError) {
    return problem('vm-quota-exceeded', `You have ${error.max} VMs, which is as many as you may have.`);
  }
  if (error instanceof InvalidCursorError) {
    return invalid([{ path: '/cursor', message: 'is not a valid cursor for this sort order' }]);
  }
  if (error instanceof TooManyTagsError) {
    return invalid([{ path: '/tags', message: `must not have more than ${MAX_TAGS} items` }]);
  }
  return undefined;
}

export function vmNotFound(): HttpProblem {
  return problem('not-found', 'There is no such VM.');
}

function preconditionFailed(currentVersion: number): HttpProblem {
  const detail = `The VM has changed meanwhile: its current version is ${currentVersion}.`;
  return problem('precondition-failed', detail);
}

function statusConflict(status: VmStatus): HttpProblem {
  const detail = `This is not possible while the VM is ${status}.`;
  if (!BUSY_STATUSES.includes(status)) return problem('vm-status-conflict', detail);
  return problem('vm-pending', detail, { headers: { 'Retry-After': RETRY_AFTER_SECONDS } });
}
