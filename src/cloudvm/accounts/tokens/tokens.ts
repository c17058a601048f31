/**
 * Issues and verifies the tokens of the API: JWT (RFC 7519) signed with HS256, and no other algorithm whatever
 * a token's header says. One per worker; the authenticate middleware verifies, the controllers issue.
 */
import { createSigner, createVerifier, TOKEN_ERROR_CODES } from 'fast-jwt';
import { VerifiedTokens } from './verified-tokens.ts';

const ALGORITHM = 'HS256';
const REQUIRED_CLAIMS = ['sub', 'iat', 'exp'];
/** A token of ours has about 200 characters; nothing much longer is worth a look. */
const MAX_TOKEN_CHARACTERS = 1_024;
/** Clocks of several machines that share a secret differ by less than this. */
const MAX_CLOCK_SKEW_SECONDS = 60;
const USER_ID = /^[0-9a-f]{24}$/;

/** Whom a token speaks for, and until when. */
export interface TokenSubject {
  readonly userId: string;
  /** Seconds since 1970, as `exp`; from that second on the token is worth nothing. */
  readonly expiresAt: number;
}

export class InvalidTokenError extends Error {
  readonly code = 'INVALID_TOKEN';
  override readonly name = 'InvalidTokenError';
  /** All else about why stays untold: it would help only who forges. */
  readonly expired: boolean;

  constructor(expired: boolean, options?: ErrorOptions) {
    super(expired ? 'the token has expired' : 'the token is invalid', options);
    this.expired = expired;
  }
}

export interface TokensOptions {
  /** The first signs; all verify, so that a secret can be replaced while its tokens live on. */
  readonly secrets: readonly string[];
  readonly ttlSeconds: number;
}

type Verify = (token: string) => unknown;

export class Tokens {
  readonly #sign: (claims: { readonly sub: string }) => string;
  readonly #verifiers: readonly Verify[];
  readonly #verified = new VerifiedTokens();

  constructor({ secrets, ttlSeconds }: TokensOptions) {
    const [signing] = secrets;
    if (signing === undefined) throw new TypeError('tokens need at least one secret');
    this.#sign = createSigner({ key: signing, algorithm: ALGORITHM, expiresIn: ttlSeconds * 1000 });
    this.#verifiers = secrets.map((key) =>
      createVerifier({ key, algorithms: [ALGORITHM], requiredClaims: REQUIRED_CLAIMS }),
    );
  }

  issue(userId: string): string {
    return this.#sign({ sub: userId });
  }

  /** @throws InvalidTokenError */
  verify(token: string): TokenSubject {
    const now = Math.floor(Date.now() / 1000);
    const known = this.#verified.get(token, now);
    if (known !== undefined) return known;
    if (token.length > MAX_TOKEN_CHARACTERS) throw new InvalidTokenError(false);
    const subject = readClaims(this.#verifySignature(token), now);
    this.#verified.set(token, subject);
    return subject;
  }

  /** @returns the claims, as the token has them. @throws InvalidTokenError */
  #verifySignature(token: string): unknown {
    let failure: unknown;
    for (const verify of this.#verifiers) {
      try {
        return verify(token);
      } catch (error) {
        // A secret that is no longer the first may still have signed it: the next one decides.
        failure = error;
        if (!hasCode(error, TOKEN_ERROR_CODES.invalidSignature)) break;
      }
    }
    throw new InvalidTokenError(hasCode(failure, TOKEN_ERROR_CODES.expired), { cause: failure });
  }
}

/** The library has seen that the claims are there and that the signature is ours; types are left to us. */
function readClaims(claims: unknown, now: number): TokenSubject {
  if (typeof claims !== 'object' || claims === null) throw new InvalidTokenError(false);
  const { sub, iat, exp }: { sub?: unknown; iat?: unknown; exp?: unknown } = claims;
  if (typeof sub !== 'string' || !USER_ID.test(sub)) throw new InvalidTokenError(false);
  if (!isTime(iat) || iat > now + MAX_CLOCK_SKEW_SECONDS) throw new InvalidTokenError(false);
  if (!isTime(exp) || exp <= iat) throw new InvalidTokenError(false);
  // "On or after" its expiry a token is refused (RFC 7519, section 4.1.4); the library allows "on".
  if (exp <= now) throw new InvalidTokenError(true);
  return { userId: sub, expiresAt: exp };
}

/** A NumericDate (RFC 7519, section 2), which may have a fraction. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
