/** The problem details for errors about accounts. problems.ts uses it. */
import type { HttpProblem } from '../../runtime/application.ts';
import { problem } from '../contract/problem.ts';
import { unavailable } from '../unavailable.ts';
import { LoginThrottledError } from './logins/login-throttle.ts';
import { RegistrationThrottledError } from './logins/registration-throttle.ts';
import { HashingLineFullError } from './passwords/line/hashing-line.ts';
import { AlreadyTakenError } from './users/user-repository.ts';

/** @returns undefined for an error that is not about accounts */
export function accountProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof AlreadyTakenError) return alreadyTaken(error);
  if (error instanceof LoginThrottledError) return throttled(error);
  if (error instanceof RegistrationThrottledError) return registrationThrottled(error);
  if (error instanceof HashingLineFullError) return lineFull(error);
  return undefined;
}

function alreadyTaken({ fields }: AlreadyTakenError): HttpProblem {
  return problem('already-taken', `The ${fields.join(' and the ')} is taken already.`, {
    errors: fields.map((field) => ({ path: `/${field}`, message: 'is taken' })),
  });
}

function throttled({ retryAfterSeconds }: LoginThrottledError): HttpProblem {
  return problem('too-many-failed-logins', 'Too many logins have failed. Try again later.', {
    headers: { 'Retry-After': String(retryAfterSeconds) },
  });
}

function registrationThrottled({ retryAfterSeconds }: RegistrationThrottledError): HttpProblem {
  return problem('too-many-registrations', 'Too many accounts were registered from your network.', {
    headers: { 'Retry-After': String(retryAfterSeconds) },
  });
}

function lineFull(error: HashingLineFullError): HttpProblem {
  return unavailable('Too many passwords wait to be checked.', error.retryAfterSeconds, error);
}
