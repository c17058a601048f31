/**
 * The answer 503 with the time after which a client may try again. Features use it for errors that are
 * temporary.
 */
import { HttpProblem } from '../runtime/application.ts';

/** An overload usually passes within a moment. */
const BUSY_RETRY_SECONDS = 1;

/** @param cause for the log only */
export function serverBusy(cause: unknown): HttpProblem {
  return unavailable('The server is busy. Try again in a moment.', BUSY_RETRY_SECONDS, cause);
}

/** @param cause for the log only */
export function unavailable(detail: string, retryAfterSeconds: number, cause: unknown): HttpProblem {
  return new HttpProblem(503, detail, { headers: { 'Retry-After': String(retryAfterSeconds) }, cause });
}
