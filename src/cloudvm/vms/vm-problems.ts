/** The problem details for errors about VMs. problems.ts and the VM controller use it. */
import { HttpProblem } from '../../runtime/application.ts';
import { invalid } from '../validation/validator.ts';
import {
  IdempotencyKeyReusedError,
  InvalidCursorError,
  StatusConflictError,
  VersionMismatchError,
} from './repository/vm-errors.ts';

/** @returns undefined for an error that is not about VMs */
export function vmProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof StatusConflictError) {
    return new HttpProblem(409, `This is not possible while the VM is ${error.status}.`);
  }
  if (error instanceof VersionMismatchError) return preconditionFailed(error.currentVersion);
  if (error instanceof IdempotencyKeyReusedError) {
    return new HttpProblem(422, 'The Idempotency-Key was used before with another body.');
  }
  if (error instanceof InvalidCursorError) {
    return invalid([{ path: '/cursor', message: 'is not a valid cursor for this sort order' }]);
  }
  return undefined;
}

export function vmNotFound(): HttpProblem {
  return new HttpProblem(404, 'There is no such VM.');
}

function preconditionFailed(currentVersion: number): HttpProblem {
  return new HttpProblem(412, `The VM has changed meanwhile: its current version is ${currentVersion}.`);
}
