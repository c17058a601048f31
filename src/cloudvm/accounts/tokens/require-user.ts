/**
 * Lets only requests with a valid token pass and answers the others with 401. This is route middleware: it
 * runs after the route has matched. So an unknown path is 404 and another method 405 for everybody, and a
 * stale token does not keep its owner from a route that is open to all, such as the login.
 */
import {
  HttpProblem,
  type Middleware,
  type Request,
  type RequestIdentity,
  RequestKey,
} from '../../../runtime/application.ts';
import { readBearerToken } from './bearer-token.ts';
import { InvalidTokenError, type TokenSubject } from './token-claims.ts';
import { invalidToken, missingToken } from './unauthorized.ts';

/** The claims of the token. The rate limit leaves them, if it has verified the token already. */
export const SUBJECT = new RequestKey<TokenSubject>('subject');

/** Why the token of a request would be refused. */
const WITHDRAWAL = new RequestKey<HttpProblem>('withdrawal');

export interface TokenVerifier {
  /** @throws InvalidTokenError */
  verify(token: string): TokenSubject;
}

export interface TokenChecks {
  /** A function, because routes are registered before the worker has its secrets. */
  readonly tokens: () => TokenVerifier;
  /**
   * Checks that the token was not withdrawn. It returns a promise only if it must ask the database.
   * @param identity of the request, for the log
   * @throws InvalidTokenError
   */
  readonly checkSession: (subject: TokenSubject, identity: RequestIdentity) => void | Promise<void>;
}

const DETAILS: Readonly<Record<InvalidTokenError['reason'], string>> = {
  invalid: 'The token is invalid.',
  expired: 'The token has expired.',
  withdrawn: 'The token was withdrawn.',
};

export function requireUser({ tokens, checkSession }: TokenChecks): Middleware {
  return (request) => {
    try {
      const subject = request.get(SUBJECT) ?? verified(request, tokens);
      return checkSession(subject, request.identity)?.catch(refuse);
    } catch (error) {
      return refuse(error);
    }
  };
}

/**
 * For a route whose success withdraws the token of the request. Who sends the request again, because the
 * answer was lost, comes with a token that is withdrawn. With an Idempotency-Key it passes, and the handler
 * decides.
 * @param checkUser what `requireUser` has made
 */
export function requireUserOrRepetition(checkUser: Middleware): Middleware {
  const refuseOthers = (request: Request, refusal: unknown): void => {
    if (!isWithdrawal(refusal) || request.header('idempotency-key') === undefined) throw refusal;
    request.set(WITHDRAWAL, refusal);
  };
  return (request, response) => {
    try {
      return checkUser(request, response)?.catch((refusal: unknown) => refuseOthers(request, refusal));
    } catch (refusal) {
      return refuseOthers(request, refusal);
    }
  };
}

/** The 401 of a request whose token is withdrawn. Only for handlers behind `requireUserOrRepetition`. */
export function withdrawalOf(request: Request): HttpProblem | undefined {
  return request.get(WITHDRAWAL);
}

/** The claims of the token of a request. Only for handlers behind `requireUser`. */
export function subjectOf(request: Request): TokenSubject {
  return request.require(SUBJECT);
}

/** The id of the user who sent the request. Only for handlers behind `requireUser`. */
export function userIdOf(request: Request): string {
  return subjectOf(request).userId;
}

function verified(request: Request, tokens: () => TokenVerifier): TokenSubject {
  const token = readBearerToken(request);
  if (token === undefined) throw missingToken();
  const subject = tokens().verify(token);
  request.set(SUBJECT, subject);
  return subject;
}

function isWithdrawal(refusal: unknown): refusal is HttpProblem {
  if (!(refusal instanceof HttpProblem)) return false;
  return refusal.cause instanceof InvalidTokenError && refusal.cause.reason === 'withdrawn';
}

function refuse(error: unknown): never {
  if (!(error instanceof InvalidTokenError)) throw error;
  throw invalidToken(DETAILS[error.reason], error);
}
