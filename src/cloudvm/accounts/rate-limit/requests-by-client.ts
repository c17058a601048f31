/**
 * The rate limit of the API (RATE_LIMIT_PER_MINUTE): who a client is, and what the operator learns of those
 * that are refused.
 */
import type { Logger } from '../../../platform/log.ts';
import type { RateLimitOptions, Request } from '../../../runtime/application.ts';
import { occasionally } from '../../occasionally.ts';
import type { CountThrottled } from '../../throttling.ts';
import { networkOf } from '../logins/address-network.ts';
import { readBearerToken } from '../tokens/bearer-token.ts';
import { SUBJECT, type TokenVerifier } from '../tokens/require-user.ts';
import type { TokenSubject } from '../tokens/token-claims.ts';

export interface RequestsByClientOptions {
  readonly perMinute: number;
  /** A function, because routes are registered before the worker has its secrets. */
  readonly tokens: () => TokenVerifier;
  readonly logger: Pick<Logger, 'warn'>;
  /** Called for each request that is refused. */
  readonly onThrottled: CountThrottled;
}

const REPORT_INTERVAL_MS = 10_000;

export function requestsByClient(options: RequestsByClientOptions): RateLimitOptions {
  const { perMinute, tokens, logger, onThrottled } = options;
  const report = occasionally(REPORT_INTERVAL_MS, ({ identity, remoteAddress }: Request, others) =>
    logger.warn(
      { ...identity, remoteAddress, others },
      'requests are refused, because their client has sent more than RATE_LIMIT_PER_MINUTE',
    ),
  );
  return {
    perMinute,
    clientOf: (request) => clientOf(request, tokens),
    onRefused: (request) => {
      onThrottled('rate_limit');
      report(request);
    },
  };
}

/**
 * The user of a valid token, else the network. Whether the token was withdrawn is asked of the database, and
 * so only later. So tokens of another version have an allowance of their own: whoever has a token that was
 * withdrawn uses up nothing of its user's.
 */
function clientOf(request: Request, tokens: () => TokenVerifier): string {
  const subject = subjectOf(request, tokens);
  if (subject === undefined) return networkOf(request.remoteAddress);
  request.set(SUBJECT, subject);
  return `${subject.userId}/${subject.version}`;
}

/** Why a token is not valid is for the route to say, if it needs one. */
function subjectOf(request: Request, tokens: () => TokenVerifier): TokenSubject | undefined {
  try {
    const token = readBearerToken(request);
    return token === undefined ? undefined : tokens().verify(token);
  } catch {
    return undefined;
  }
}
