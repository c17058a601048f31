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
        failure = error;
        // An older secret may have signed it, so the next one is tried. Any other failure is final.
        if (!hasCode(error, TOKEN_ERROR_CODES.invalidSignature)) break;
      }
    }
    throw new InvalidTokenError(hasCode(failure, TOKEN_ERROR_CODES.expired), { cause: failure });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
