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
  /** Of the user's tokens when it was issued (users/user-document.ts). */
  readonly version: number;
}

export class InvalidTokenError extends Error {
  readonly code = 'INVALID_TOKEN';
  override readonly name = 'InvalidTokenError';
  /** Clients learn nothing more, because it would only help to forge tokens. */
  readonly reason: 'invalid' | 'expired' | 'withdrawn';

  constructor(reason: InvalidTokenError['reason'], options?: ErrorOptions) {
    super(`the token is ${reason}`, options);
    this.reason = reason;
  }
}

/**
 * The library has checked that the claims which RFC 7519 registers are present. Their types are checked here.
 * @param now seconds since 1970
 * @throws InvalidTokenError
 */
export function readClaims(claims: unknown, now: number): TokenSubject {
  if (typeof claims !== 'object' || claims === null) throw new InvalidTokenError('invalid');
  const { sub, iat, exp, ver = 0 }: Readonly<Record<string, unknown>> = { ...claims };
  if (typeof sub !== 'string' || !isObjectId(sub)) throw new InvalidTokenError('invalid');
  if (!isTime(iat) || iat > now + MAX_CLOCK_SKEW_SECONDS) throw new InvalidTokenError('invalid');
  if (!isTime(exp) || exp <= iat) throw new InvalidTokenError('invalid');
  // RFC 7519, section 4.1.4, refuses a token "on or after" its expiry. The library accepts it "on".
  if (exp <= now) throw new InvalidTokenError('expired');
  if (!isVersion(ver)) throw new InvalidTokenError('invalid');
  return { userId: sub, expiresAt: exp, version: ver };
}

/** A NumericDate (RFC 7519, section 2), which may have a fraction. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
