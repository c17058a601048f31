/**
 * Tells the operator about failed logins and about those who are refused for them. Every failure has a line,
 * because each has cost a password hash, so there are few. Refusals cost nothing, so they are summed up. An
 * e-mail address is not logged in full: its first letter and its domain tell one account from another.
 */
import type { Logger } from '../../../platform/log.ts';
import { occasionally } from '../../occasionally.ts';
import { HashingLineFullError } from '../passwords/line/hashing-line.ts';
import { LoginThrottledError } from './login-throttle.ts';
import { RegistrationThrottledError } from './registration-throttle.ts';

const INTERVAL_MS = 10_000;
const LONGEST_DOMAIN = 64;

/** Who was refused. */
export interface RefusedClient {
  readonly email: string;
  readonly remoteAddress: string;
}

interface Refusal extends RefusedClient {
  readonly error: Error;
}

export class LoginLog {
  readonly #logger: Pick<Logger, 'info' | 'warn'>;
  readonly #reportByKind: ReadonlyMap<unknown, (refusal: unknown) => void>;

  constructor(logger: Pick<Logger, 'info' | 'warn'>) {
    this.#logger = logger;
    const kinds = [LoginThrottledError, RegistrationThrottledError, HashingLineFullError];
    this.#reportByKind = new Map(kinds.map((kind) => [kind, this.#reporter()]));
  }

  /** The password was wrong, or there is no such account. */
  failed(client: RefusedClient): void {
    this.#logger.info(detailsOf(client), 'a login has failed');
  }

  /** Ignores errors that are no refusals. */
  refused(client: RefusedClient, error: unknown): void {
    if (error instanceof Error) this.#reportByKind.get(error.constructor)?.({ ...client, error });
  }

  #reporter(): (refusal: unknown) => void {
    return occasionally(INTERVAL_MS, (refusal, others) => {
      const { error, ...client } = refusal as Refusal;
      this.#logger.warn(
        { ...detailsOf(client), others },
        `logins or registrations are refused: ${error.message}`,
      );
    });
  }
}

function detailsOf({ email, remoteAddress }: RefusedClient) {
  return { account: masked(email), remoteAddress };
}

/** It may be anything that somebody has typed into the form, a password for example. */
function masked(email: string): string {
  const [, first = '', domain = ''] = /^([\w.+-])[^@]*@([\w.-]+)$/.exec(email) ?? [];
  return domain === '' ? 'no e-mail address' : `${first}…@${domain.slice(0, LONGEST_DOMAIN)}`;
}
