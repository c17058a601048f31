/**
 * Whether a request may be sent again. The question is what the server may have done with the attempt that
 * failed.
 */
import type { Calls, OperationId, ProblemName } from '../../cloudvm/contract/client-contract.ts';
import type { MethodOf } from '../calls/call.ts';
import { type CloudVmError, CloudVmNetworkError, CloudVmTimeout } from '../errors/client-error.ts';
import { CloudVmProblem } from '../errors/problem.ts';
import type { OutgoingRequest } from '../exchange/transport.ts';

/** Statuses that pass by themselves, and leave open whether the request was carried out. */
const PASSING_STATUSES: readonly number[] = [500, 502, 503, 504];
const PENDING: readonly ProblemName[] = ['vm-pending', 'snapshot-pending'];

/** Not of the account: without it the token is refused, as it is when it has expired. */
type Deletion = Exclude<
  {
    [Id in OperationId]: MethodOf<Id> extends 'delete'
      ? Calls[Id]['answer'] extends undefined
        ? Id
        : never
      : never;
  }[OperationId],
  'deleteAccount'
>;

/** Deletions of what the path names. It does not compile if one is missing here. */
const DELETIONS: Readonly<Record<Deletion, true>> = { deleteVm: true, deleteSnapshot: true };

/**
 * Whether sending it twice has the effect, and the answer, of sending it once. A PUT with a precondition has
 * not: its first attempt makes the precondition of the second one fail.
 */
export function isRepeatable({ method, headers }: OutgoingRequest): boolean {
  if (method === 'GET' || method === 'DELETE') return true;
  if (method === 'PUT') return headers['if-match'] === undefined && headers['if-none-match'] === undefined;
  return method === 'POST' && headers['idempotency-key'] !== undefined;
}

/**
 * Whether the error may be gone the next time. A 4xx stays as it is, but for 429, and for an attempt that met
 * an earlier one of the same request, whose answer it will get.
 */
export function isPassing(error: unknown): error is CloudVmError {
  if (error instanceof CloudVmProblem) {
    if (error.is('idempotency-key-in-use')) return true;
    return error.status === 429 || PASSING_STATUSES.includes(error.status);
  }
  if (error instanceof CloudVmTimeout) return error.phase !== 'total';
  return error instanceof CloudVmNetworkError;
}

/** Whether the request was refused, with nothing done, because an operation goes on. */
export function isPending(error: unknown): error is CloudVmProblem {
  return error instanceof CloudVmProblem && error.status === 409 && PENDING.some((name) => error.is(name));
}

/** Whether the server may have carried out a request that ended in this error. */
export function mayHaveBeenDone(error: CloudVmError): boolean {
  return !(error instanceof CloudVmProblem && error.status === 429);
}

/** Whether a deletion finds nothing. If an attempt before may have been carried out, it was. */
export function findsNothing({ operationId }: OutgoingRequest, error: CloudVmError): boolean {
  return Object.hasOwn(DELETIONS, operationId) && error instanceof CloudVmProblem && error.status === 404;
}
