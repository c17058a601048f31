/**
 * Whether a request may be sent again. The question is what the server may have done with the attempt that
 * failed.
 */
import { type CloudVmError, CloudVmNetworkError, CloudVmTimeout } from '../errors/client-error.ts';
import { CloudVmProblem } from '../errors/problem.ts';
import type { OutgoingRequest } from '../exchange/transport.ts';

/** Statuses that pass by themselves, and leave open whether the request was carried out. */
const PASSING_STATUSES: readonly number[] = [500, 502, 503, 504];
const BUSY: readonly string[] = ['vm-pending', 'snapshot-pending'];

/**
 * Whether sending it twice has the effect, and the answer, of sending it once. A PUT with a precondition has
 * not: its first attempt makes the precondition of the second one fail.
 */
export function isRepeatable({ method, headers }: OutgoingRequest): boolean {
  if (method === 'GET' || method === 'DELETE') return true;
  if (method === 'PUT') return headers['if-match'] === undefined && headers['if-none-match'] === undefined;
  return method === 'POST' && headers['idempotency-key'] !== undefined;
}

/** Whether the error may be gone the next time. A 4xx other than 429 stays as it is. */
export function isPassing(error: unknown): error is CloudVmError {
  if (error instanceof CloudVmProblem) return error.status === 429 || PASSING_STATUSES.includes(error.status);
  if (error instanceof CloudVmTimeout) return error.phase !== 'total';
  return error instanceof CloudVmNetworkError;
}

/** Whether the request was refused, with nothing done, because something else is going on. */
export function isBusy(error: unknown): error is CloudVmProblem {
  return error instanceof CloudVmProblem && error.status === 409 && BUSY.includes(error.problem);
}

/** Whether the server may have carried out a request that ended in this error. */
export function mayHaveBeenDone(error: CloudVmError): boolean {
  return !(error instanceof CloudVmProblem && error.status === 429);
}
