/**
 * Issues and verifies the tokens of the API: JWT (RFC 7519) signed with HS256. No other algorithm is
 * accepted, whatever a token's header says. Each worker has one: the middleware verifies, the controller
 * issues.
 */
import { createSigner, createVerifier, TOKEN_ERROR_CODES } from 'fast-jwt';
import { InvalidTokenError, readClaims, type TokenSubject } from './token-claims.ts';
import { VerifiedTokens } from './verified-tokens.ts';

const ALGORITHM = 'HS256';
const REQUIRED_CLAIMS = ['sub', 'iat', 'exp'];
/** Our tokens have about 200 characters. Much longer ones are refused unread. */
const MAX_TOKEN_CHARACTERS = 1_024;

export interface TokensOptions {
  /** The first signs, all verify. So a secret can be replaced while tokens that it signed stay valid. */
  readonly secrets: readonly string[];
  readonly ttlSeconds: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

interface Claims {
  readonly sub: string;
  /** Not of RFC 7519: the version of the user's tokens. A token of the first one, 0, has no such claim. */
  readonly ver?: number;
  readonly iat: number;
  readonly exp: number;
}

type Verify = (token: string) => unknown;

export class Tokens {
  readonly #sign: (claims: Claims) => string;
  readonly #ttlSeconds: number;
  readonly #verifiers: readonly Verify[];
  readonly #verified = new VerifiedTokens();

  constructor({ secrets, ttlSeconds }: TokensOptions) {
    const [signing] = secrets;
    if (signing === undefined) throw new TypeError('tokens need at least one secret');
    this.#sign = createSigner({ key: signing, algorithm: ALGORITHM });
    this.#ttlSeconds = ttlSeconds;
    this.#verifiers = secrets.map((key) =>
      createVerifier({ key, algorithms: [ALGORITHM], requiredClaims: REQUIRED_CLAIMS }),
    );
  }

  /** @param version of the user's tokens. With another one, a token is refused (sessions/sessions.ts) */
  issue(userId: string, version = 0): IssuedToken {
    const now = nowInSeconds();
    const expiresAt = now + this.#ttlSeconds;
    const claims = { sub: userId, iat: now, exp: expiresAt };
    return { token: this.#sign(version === 0 ? claims : { ...claims, ver: version }), expiresAt };
  }

  /** @throws InvalidTokenError */
  verify(token: string): TokenSubject {
    const now = nowInSeconds();
    const known = this.#verified.get(token, now);
    if (known !== undefined) return known;
    if (token.length > MAX_TOKEN_CHARACTERS || !isCanonical(token)) throw new InvalidTokenError('invalid');
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
        failure = error;
        // An older secret may have signed it, so the next one is tried. Any other failure is final.
        if (!hasCode(error, TOKEN_ERROR_CODES.invalidSignature)) break;
      }
    }
    const isExpired = hasCode(failure, TOKEN_ERROR_CODES.expired);
    throw new InvalidTokenError(isExpired ? 'expired' : 'invalid', { cause: failure });
  }
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * Whether each part is spelled as an encoder spells it (RFC 4648, section 3.5). The last character of a part
 * may have bits that decoders ignore, so one signature would have several spellings.
 */
function isCanonical(token: string): boolean {
  return token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
