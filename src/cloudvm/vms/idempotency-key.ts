/**
 * Reads the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), which marks the retries of
 * one request. The repository compares keys per owner, and only their digests.
 */
import { HttpProblem, type Request } from '../../runtime/application.ts';

/** Visible ASCII. Long enough for any UUID or digest. */
const KEY = /^[\u0021-\u007e]{1,255}$/;

/** @returns undefined if the request has none. @throws HttpProblem 400 */
export function readIdempotencyKey(request: Request): string | undefined {
  const key = request.header('idempotency-key');
  if (key === undefined) return undefined;
  if (!KEY.test(key)) {
    throw new HttpProblem(400, 'The Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }
  return key;
}
