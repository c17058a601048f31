/**
 * Reads the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), with which a client marks the
 * retries of one request. The repository compares keys per owner and only by their digest.
 */
import { HttpProblem, type Request } from '../../runtime/application.ts';

/** Visible ASCII: long enough for any UUID or digest. */
const KEY = /^[\u0021-\u007e]{1,255}$/;

/** @returns undefined where there is none. @throws HttpProblem 400 */
export function readIdempotencyKey(request: Request): string | undefined {
  const key = request.header('idempotency-key');
  if (key === undefined) return undefined;
  if (!KEY.test(key)) {
    throw new HttpProblem(400, 'The Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }
  return key;
}
