/**
 * Reads the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), which marks the repetitions
 * of one request. The draft wants a string of Structured Fields (RFC 9651), in quotes. Most clients send the
 * bare text, so both are taken, as they are: a key with quotes is another key than the one without.
 */
import { HttpProblem, type Request } from '../../runtime/application.ts';

const MAX_CHARACTERS = 255;
const BARE = `[!-~]{1,${MAX_CHARACTERS}}`;
const QUOTED = `"(?:[ !#-\\[\\]-~]|\\\\["\\\\]){1,${MAX_CHARACTERS}}"`;
export const IDEMPOTENCY_KEY_PATTERN = `^(?:${BARE}|${QUOTED})$`;
const KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN);

/** @returns undefined if the request has none. @throws HttpProblem 400 */
export function readIdempotencyKey(request: Request): string | undefined {
  const key = request.header('idempotency-key');
  if (key === undefined || KEY.test(key)) return key;
  const detail = `The Idempotency-Key must be 1 to ${MAX_CHARACTERS} visible ASCII characters, or such a text in quotes.`;
  throw new HttpProblem(400, detail);
}
