/**
 * Slows down password guessing. After a number of failures within a window, logins are answered with 429
 * until the window has passed. The account controller calls it around the check of a password.
 *
 * Three things are counted, each with a limit of its own:
 *  - failures for one account from one network. People who have forgotten a password try less often.
 *  - failures from one network for all accounts. This bounds whoever tries one password on many accounts.
 *  - failures for one account from all networks. This bounds many networks that guess together.
 *
 * The last two could lock others out: everyone behind one proxy, or one user by wrong passwords from all over
 * the world. So an account and a network from which it has logged in lately know each other, and only the
 * first limit applies to the pair. Failures elsewhere then cannot keep users from logging in where they
 * usually do. Guesses from that very network still get only a few tries for each account. A network is an
 * IPv4 address or an IPv6 /64.
 *
 * An attempt is counted before its password is checked, and given back unless it fails. So simultaneous
 * attempts cannot exceed a limit. A count that cannot be written (a full disk) refuses the attempt. A process
 * that dies in between has at worst counted one failure too many. The limit is decided inside one conditional
 * update.
 *
 * The counts are in the database, so all workers and processes share them and a restart does not forget them.
 * They are digests, because addresses of people should not be stored in clear for this. Expired counts are
 * removed after every so many attempts. The others are bounded. A refused attempt creates no count, an
 * attempt that is given back removes its count, and every other attempt has cost a password hash.
 */
import { createHash } from 'node:crypto';
import type { DatabaseService } from '../../database/database-service.ts';
import { caseInsensitiveKey } from '../users/case-insensitive-key.ts';
import { networkOf } from './address-network.ts';
import { type CountDocument, LoginCounts } from './login-counts.ts';

/** For one account from one network. */
export const MAX_FAILURES_PER_PAIR = 10;
/** From one network for all accounts. An office or a mobile carrier may share one address. */
export const MAX_FAILURES_PER_NETWORK = 100;
/** For one account from all networks that do not know it. */
export const MAX_FAILURES_PER_ACCOUNT = 100;
export const WINDOW_MS = 15 * 60 * 1000;
/** How long an account and a network know each other after a login. */
export const KNOWN_MS = 30 * 24 * 60 * 60 * 1000;
/** Not every login needs a write. */
const RENEW_KNOWN_MS = 24 * 60 * 60 * 1000;

/** Attempts of one worker between two removals of expired counts. */
const REMOVE_AFTER_ATTEMPTS = 100;

/** An attempt to log in: from which network, and to which account. */
export interface LoginOrigin {
  readonly email: string;
  readonly remoteAddress: string;
}

/** One of the counts that an attempt belongs to. */
interface Count {
  readonly key: string;
  readonly limit: number;
}

/** Too many logins have failed. */
export class LoginThrottledError extends Error {
  readonly code = 'LOGIN_THROTTLED';
  override readonly name = 'LoginThrottledError';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('too many failed logins');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export class LoginThrottle {
  readonly #counts: LoginCounts;
  #attempts = 0;

  constructor(service: DatabaseService) {
    this.#counts = new LoginCounts(service);
  }

  /** Once per process. */
  async prepare(): Promise<void> {
    await this.#counts.removeExpired();
  }

  /**
   * Counts an attempt before its password is checked.
   * @returns the attempt, which the caller disposes of after it has told whether the password was right
   * @throws LoginThrottledError
   */
  async begin(origin: LoginOrigin): Promise<LoginAttempt> {
    this.#attempts += 1;
    if (this.#attempts % REMOVE_AFTER_ATTEMPTS === 0) await this.#counts.removeExpired();
    const { pair, network, account, known } = countsOf(origin);
    const found = await this.#counts.read([pair.key, network.key, account.key, known]);
    const knownUntil = found.get(known)?.expiresAt;
    // The network comes first. If the network itself is refused, no count of an account changes.
    const counts = knownUntil === undefined ? [network, account, pair] : [pair];
    refuseExceeded(counts, found);
    await this.#countAll(counts);
    const renew = (knownUntil?.getTime() ?? 0) < Date.now() + KNOWN_MS - RENEW_KNOWN_MS;
    return new LoginAttempt(this.#counts, counts, pair.key, renew ? known : undefined);
  }

  async #countAll(counts: readonly Count[]): Promise<void> {
    const counted: string[] = [];
    try {
      for (const { key, limit } of counts) {
        const end = await this.#counts.add(key, limit, WINDOW_MS);
        if (end !== undefined) throw throttledUntil(end);
        counted.push(key);
      }
    } catch (error) {
      await this.#counts.giveBack(counted);
      throw error;
    }
  }
}

/** An attempt that was counted. The end of its scope gives it back, unless it has failed. */
export class LoginAttempt implements AsyncDisposable {
  readonly #counts: LoginCounts;
  readonly #pair: string;
  readonly #known: string | undefined;
  #counted: readonly string[];

  constructor(counts: LoginCounts, counted: readonly Count[], pair: string, known: string | undefined) {
    this.#counts = counts;
    this.#counted = counted.map(({ key }) => key);
    this.#pair = pair;
    this.#known = known;
  }

  /** The password was wrong: the attempt stays counted. */
  fail(): void {
    this.#counted = [];
  }

  /** The password was right: the count of this account and network ends, and the two know each other now. */
  async succeed(): Promise<void> {
    this.#counted = this.#counted.filter((key) => key !== this.#pair);
    await this.#counts.forget(this.#pair);
    if (this.#known !== undefined) {
      await this.#counts.mark(this.#known, new Date(Date.now() + KNOWN_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#counts.giveBack(this.#counted);
  }
}

/** Refuses without a write if the counts that were read are enough. */
function refuseExceeded(counts: readonly Count[], found: ReadonlyMap<string, CountDocument>): void {
  const exceeded = counts.flatMap(({ key, limit }) => {
    const document = found.get(key);
    return document !== undefined && document.failures >= limit ? [document.expiresAt.getTime()] : [];
  });
  if (exceeded.length > 0) throw throttledUntil(new Date(Math.max(...exceeded)));
}

function throttledUntil(end: Date): LoginThrottledError {
  return new LoginThrottledError(Math.max(1, Math.ceil((end.getTime() - Date.now()) / 1000)));
}

function countsOf({ email, remoteAddress }: LoginOrigin) {
  const account = caseInsensitiveKey(email);
  const network = networkOf(remoteAddress);
  return {
    pair: { key: digest('pair', account, network), limit: MAX_FAILURES_PER_PAIR },
    network: { key: digest('network', network), limit: MAX_FAILURES_PER_NETWORK },
    account: { key: digest('account', account), limit: MAX_FAILURES_PER_ACCOUNT },
    /** The mark that the two know each other. */
    known: digest('known', account, network),
  };
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
