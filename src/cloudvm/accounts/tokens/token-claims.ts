/**
 * The claims of a token, and the checks that the JWT library leaves to its caller. Tokens uses them once it
 * has verified the signature.
 */
import { isObjectId } from '../../database/hexadecimal-id.ts';

/** Clocks of several machines that share a secret differ by less than this. */
const MAX_CLOCK_SKEW_SECONDS = 60;

/** The user that a token belongs to, and its expiry. */
export interface TokenSubject {
  readonly userId: string;
  /** Seconds since 1970, as in `exp`. From that second on the token is refused. */
  readonly expiresAt: number;
}

export class InvalidTokenError extends Error {
  readonly code = 'INVALID_TOKEN';
  override readonly name = 'InvalidTokenError';
  /** Clients learn no other reason, because it would only help to forge tokens. */
  readonly expired: boolean;

  constructor(expired: boolean, options?: ErrorOptions) {
    super(expired ? 'the token has expired' : 'the token is invalid', options);
    this.expired = expired;
  }
}

/**
 * The library has checked that all claims are present. Their types are checked here.
 * @param now seconds since 1970
 * @throws InvalidTokenError
 */
export function readClaims(claims: unknown, now: number): TokenSubject {
  if (typeof claims !== 'object' || claims === null) throw new InvalidTokenError(false);
  const { sub, iat, exp }: { sub?: unknown; iat?: unknown; exp?: unknown } = claims;
  if (typeof sub !== 'string' || !isObjectId(sub)) throw new InvalidTokenError(false);
  if (!isTime(iat) || iat > now + MAX_CLOCK_SKEW_SECONDS) throw new InvalidTokenError(false);
  if (!isTime(exp) || exp <= iat) throw new InvalidTokenError(false);
  // RFC 7519, section 4.1.4, refuses a token "on or after" its expiry. The library accepts it "on".
  if (exp <= now) throw new InvalidTokenError(true);
  return { userId: sub, expiresAt: exp };
}

/** A NumericDate (RFC 7519, section 2), which may have a fraction. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
