/** Compares the bearer token of a request (RFC 6750) with the one that a route asks for. */
import { createHash, timingSafeEqual } from 'node:crypto';

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/**
 * The time that it takes tells nothing of the token, not even its length.
 * @param authorization the field's value
 */
export function hasToken(authorization: string | undefined, token: string): boolean {
  const given = BEARER.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
