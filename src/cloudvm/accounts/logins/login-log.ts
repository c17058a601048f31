/**
 * Tells the operator about failed logins, about those who are refused for them, and about what somebody who
 * has got hold of a password would do next: change it, or delete the account. Every failure has a line,
 * because each has cost a password hash, so there are few. Refusals cost nothing, so they are summed up. An
 * e-mail address is not logged in full: its first letter and its domain tell one account from another.
 */
import type { Logger } from '../../../platform/log.ts';
import type { RequestIdentity } from '../../../runtime/application.ts';
import { occasionally } from '../../occasionally.ts';
import { HashingLineFullError } from '../passwords/line/hashing-line.ts';
import { LoginThrottledError } from './login-throttle.ts';
import { RegistrationThrottledError } from './registration-throttle.ts';

const INTERVAL_MS = 10_000;
const LONGEST_DOMAIN = 64;

/** Who has asked, and for which account. */
export interface AccountClient {
  readonly email: string;
  readonly remoteAddress: string;
  /** Of the request. */
  readonly identity?: RequestIdentity;
}

interface Refusal extends AccountClient {
  readonly error: Error;
}

export class LoginLog {
  readonly #logger: Pick<Logger, 'info' | 'warn'>;
  readonly #reportByKind: ReadonlyMap<unknown, (refusal: Refusal) => void>;

  constructor(logger: Pick<Logger, 'info' | 'warn'>) {
    this.#logger = logger;
    const kinds = [LoginThrottledError, RegistrationThrottledError, HashingLineFullError];
    this.#reportByKind = new Map(kinds.map((kind) => [kind, this.#reporter()]));
  }

  /** The password was wrong, or there is no such account. */
  failed(client: AccountClient): void {
    this.#logger.info(detailsOf(client), 'a login has failed');
  }

  /** The old password was right. Tokens from before are refused from now on. */
  passwordChanged(client: AccountClient): void {
    this.#logger.info(detailsOf(client), 'a password was changed');
  }

  accountDeleted(client: AccountClient): void {
    this.#logger.info(detailsOf(client), 'an account was deleted');
  }

  /** Ignores errors that are no refusals. */
  refused(client: AccountClient, error: unknown): void {
    if (error instanceof Error) this.#reportByKind.get(error.constructor)?.({ ...client, error });
  }

  #reporter(): (refusal: Refusal) => void {
    return occasionally(INTERVAL_MS, ({ error, ...client }: Refusal, others) => {
      this.#logger.warn(
        { ...detailsOf(client), others },
        `logins or registrations are refused: ${error.message}`,
      );
    });
  }
}

function detailsOf({ email, remoteAddress, identity }: AccountClient) {
  return { ...identity, account: masked(email), remoteAddress };
}

/** It may be anything that somebody has typed into the form, a password for example. */
function masked(email: string): string {
  const [, first = '', domain = ''] = /^([\w.+-])[^@]*@([\w.-]+)$/.exec(email) ?? [];
  return domain === '' ? 'no e-mail address' : `${first}…@${domain.slice(0, LONGEST_DOMAIN)}`;
}
