/**
 * Turns errors into answers that a client can read. Each feature says which of its errors are which problem
 * details. routes.ts wraps every handler of the API in `withProblems`. Any other error is a defect: it is
 * logged and answered with 500.
 */

import type { Handler, Request } from '../runtime/application.ts';
import { accountProblem } from './accounts/account-problems.ts';
import { databaseProblem, isDatabaseTrouble } from './database/database-problems.ts';
import { eventProblem } from './events/event-problems.ts';
import { keyProblem } from './idempotency/key-problems.ts';
import type { ReportTrouble } from './report-trouble.ts';
import { snapshotProblem } from './snapshots/snapshot-problems.ts';
import { throttleReasonOf } from './throttle-reason.ts';
import type { CountThrottled } from './throttling.ts';
import { vmProblem } from './vms/vm-problems.ts';

/**
 * Wraps a handler. A synchronous handler stays synchronous.
 * @param onDatabaseTrouble called when the database is unreachable, full or too slow, so that the operator
 * learns of it
 * @param onThrottled called when a bound refuses the request
 */
export function withProblems(
  handler: Handler,
  onDatabaseTrouble: ReportTrouble,
  onThrottled: CountThrottled,
): Handler {
  const rethrow = (error: unknown, { identity }: Request): never => {
    if (isDatabaseTrouble(error)) onDatabaseTrouble(error, identity);
    const reason = throttleReasonOf(error);
    if (reason !== undefined) onThrottled(reason);
    throw toProblem(error);
  };
  return (request, response) => {
    try {
      return handler(request, response)?.catch((error: unknown) => rethrow(error, request));
    } catch (error) {
      return rethrow(error, request);
    }
  };
}

/** @returns the problem for an error that has one, else the error itself */
export function toProblem(error: unknown): unknown {
  return (
    vmProblem(error) ??
    snapshotProblem(error) ??
    eventProblem(error) ??
    keyProblem(error) ??
    accountProblem(error) ??
    databaseProblem(error) ??
    error
  );
}
