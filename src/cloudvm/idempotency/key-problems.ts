/** The problem details for errors about keys. problems.ts uses it. */
import type { HttpProblem } from '../../runtime/application.ts';
import { problem } from '../contract/problem.ts';
import { KeyInUseError, KeyReusedError, TooManyKeysError } from './key-errors.ts';

/** @returns undefined for an error that is not about keys */
export function keyProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof KeyReusedError) {
    return problem('idempotency-key-reused', 'The Idempotency-Key was used before for another request.');
  }
  if (error instanceof KeyInUseError) {
    const detail = 'A request with this Idempotency-Key is under way.';
    return problem('idempotency-key-in-use', detail, retryAfter(error.retryAfterSeconds));
  }
  if (error instanceof TooManyKeysError) {
    const detail = `You have used ${error.max} keys within 24 hours, which is as many as are remembered.`;
    return problem('too-many-idempotency-keys', detail, retryAfter(error.retryAfterSeconds));
  }
  return undefined;
}

function retryAfter(seconds: number) {
  return { headers: { 'Retry-After': String(seconds) } };
}
