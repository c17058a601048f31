/**
 * Says in HTTP what went wrong below: the errors of the data access and of authentication as problem details.
 * Every handler that can meet them is wrapped in `withProblems`; any other error stays what it is, a defect
 * that is logged and answered with 500.
 */

import { type Handler, HttpProblem } from '../runtime/application.ts';
import { LoginThrottledError } from './accounts/logins/login-throttle.ts';
import { PasswordsBusyError } from './accounts/passwords/passwords.ts';
import {
  DatabaseBusyError,
  DatabaseFullError,
  DatabaseSlowError,
  DatabaseUnreachableError,
  DuplicateKeyError,
  IdempotencyKeyReusedError,
  InvalidCursorError,
  StatusConflictError,
  VersionMismatchError,
} from './database/errors.ts';
import { invalid } from './validation/validator.ts';

/** Busy passes by itself within a moment; unreachable needs the database to come back, full an operator. */
const BUSY_RETRY_SECONDS = '1';
const FULL_RETRY_SECONDS = '60';
const UNREACHABLE_RETRY_SECONDS = '5';

/**
 * A handler whose errors a client can read. One that is synchronous stays synchronous.
 * @param onDatabaseTrouble told that the database is away, full or too slow: the client is not to blame, and the
 * operator must know
 */
export function withProblems(handler: Handler, onDatabaseTrouble: (error: unknown) => void): Handler {
  const rethrow = (error: unknown): never => {
    if (isDatabaseTrouble(error)) onDatabaseTrouble(error);
    throw toProblem(error);
  };
  return (request, response) => {
    try {
      return handler(request, response)?.catch(rethrow);
    } catch (error) {
      return rethrow(error);
    }
  };
}

function isDatabaseTrouble(error: unknown): boolean {
  return (
    error instanceof DatabaseUnreachableError ||
    error instanceof DatabaseFullError ||
    error instanceof DatabaseSlowError
  );
}

/** @returns a problem for an error that has one, else the error itself */
export function toProblem(error: unknown): unknown {
  if (error instanceof DuplicateKeyError) {
    return new HttpProblem(409, `The ${error.keys.join(' and the ')} is taken already.`, {
      errors: error.keys.map((key) => ({ path: `/${key}`, message: 'is taken' })),
    });
  }
  if (error instanceof StatusConflictError) {
    return new HttpProblem(409, `This is not possible while the VM is ${error.status}.`);
  }
  if (error instanceof VersionMismatchError) return preconditionFailed(error.currentVersion);
  if (error instanceof IdempotencyKeyReusedError) {
    return new HttpProblem(422, 'The Idempotency-Key was used before, with another body.');
  }
  if (error instanceof InvalidCursorError) {
    return invalid([{ path: '/cursor', message: 'is no cursor of this list and order' }]);
  }
  if (error instanceof LoginThrottledError) {
    return new HttpProblem(429, 'Too many logins have failed; try again later.', {
      headers: { 'Retry-After': String(error.retryAfterSeconds) },
    });
  }
  return toUnavailable(error);
}

export function preconditionFailed(currentVersion: number): HttpProblem {
  return new HttpProblem(412, `If-Match is not met: the current version is ${currentVersion}.`);
}

function toUnavailable(error: unknown): unknown {
  if (error instanceof DatabaseBusyError || error instanceof PasswordsBusyError) {
    return unavailable('The server is busy; try again in a moment.', BUSY_RETRY_SECONDS, error);
  }
  if (error instanceof DatabaseUnreachableError) {
    return unavailable('The database cannot be reached.', UNREACHABLE_RETRY_SECONDS, error);
  }
  if (error instanceof DatabaseFullError) {
    return unavailable('The database takes no more data at present.', FULL_RETRY_SECONDS, error);
  }
  return error;
}

function unavailable(detail: string, retryAfterSeconds: string, cause: unknown): HttpProblem {
  return new HttpProblem(503, detail, { headers: { 'Retry-After': retryAfterSeconds }, cause });
}
