/** Which bound an error comes from. problems.ts uses it. */
import { LoginThrottledError } from './accounts/logins/login-throttle.ts';
import { RegistrationThrottledError } from './accounts/logins/registration-throttle.ts';
import { HashingLineFullError } from './accounts/passwords/line/hashing-line.ts';
import { DatabaseBusyError } from './database/database-errors.ts';
import { TooManyStreamsError } from './events/event-hub.ts';
import type { ThrottleReason } from './throttling.ts';

/** @returns undefined for an error that comes from none */
export function throttleReasonOf(error: unknown): ThrottleReason | undefined {
  if (error instanceof LoginThrottledError) return 'failed_logins';
  if (error instanceof RegistrationThrottledError) return 'registrations';
  if (error instanceof HashingLineFullError) return 'hashing_line';
  if (error instanceof TooManyStreamsError) return 'event_streams';
  if (error instanceof DatabaseBusyError) return 'database';
  return undefined;
}
