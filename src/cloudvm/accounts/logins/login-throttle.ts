/**
 * Slows down password guessing. After a number of failures within a window, logins are answered with 429
 * until the window has passed. The account controller calls it around the check of a password.
 *
 * Whoever has logged in before cannot be locked out by others. It depends on how well a client is known which
 * failures count for it:
 *
 *  - a device that shows a signed cookie (devices.ts): its own, for this account. Nobody else has the cookie.
 *  - a network from which the account was used before: those for this account from this network.
 *  - anybody else: these, and those from the network for all accounts (which bounds whoever tries one
 *    password on many accounts), and those for the account from everywhere (which bounds many networks that
 *    guess together).
 *
 * Programs keep no cookies, so networks are known too. But people share a network, above all behind a proxy
 * that the server does not know, and only the cookie tells them apart. A network is an IPv4 address or an
 * IPv6 /64.
 *
 * Outcomes are counted, not attempts, so correct logins at the same moment do not hinder each other. Limits
 * are checked when an attempt begins, again when it has waited for its turn to be hashed, and inside the
 * conditional update that counts its failure. So simultaneous guesses get no more answers than consecutive
 * ones. A failure that cannot be written (a full disk) is owed, and no attempt begins before it is written.
 *
 * The counts are in the database, so all workers and processes share them and a restart does not forget them.
 * They are digests, because addresses of people should not be stored in clear for this. Expired counts are
 * removed after every so many attempts. The others are bounded, because each has cost a password hash.
 */
import { createHash } from 'node:crypto';
import { DatabaseError } from '../../database/database-errors.ts';
import type { DatabaseService } from '../../database/database-service.ts';
import { caseInsensitiveKey } from '../users/case-insensitive-key.ts';
import { networkOf } from './address-network.ts';
import type { DeviceOwner, Devices } from './devices.ts';
import { type CountDocument, LoginCounts } from './login-counts.ts';

/** For one account from one device, or from one network. */
export const MAX_FAILURES_PER_PAIR = 10;
/** From one network for all accounts. An office or a mobile carrier may share one address. */
export const MAX_FAILURES_PER_NETWORK = 100;
/** For one account from all that do not know it. */
export const MAX_FAILURES_PER_ACCOUNT = 100;
export const WINDOW_MS = 15 * 60 * 1000;
/** How long an account and a network know each other after a login. */
export const KNOWN_MS = 30 * 24 * 60 * 60 * 1000;
/** Not every login needs a write. */
const RENEW_KNOWN_MS = 24 * 60 * 60 * 1000;

/** Attempts of one worker between two removals of expired counts. */
const REMOVE_AFTER_ATTEMPTS = 100;

/** Who tries to log in, and to which account. */
export interface LoginOrigin {
  readonly email: string;
  /** Of the account, if there is one. An address may belong to another user one day. */
  readonly user?: DeviceOwner | undefined;
  readonly remoteAddress: string;
  /** The device cookie, as it was sent. */
  readonly device?: string | undefined;
}

/** One of the counts that a failure belongs to. */
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
  readonly #devices: Devices;
  /** Failures that could not be written. */
  #owed: readonly Count[] = [];
  #attempts = 0;

  constructor(service: DatabaseService, devices: Devices) {
    this.#counts = new LoginCounts(service);
    this.#devices = devices;
  }

  /** Once per process. */
  static async prepare(service: DatabaseService): Promise<void> {
    await new LoginCounts(service).removeExpired();
  }

  /**
   * @returns the attempt, which is to be told the outcome
   * @throws LoginThrottledError, DatabaseError
   */
  async begin(origin: LoginOrigin): Promise<LoginAttempt> {
    this.#attempts += 1;
    if (this.#attempts % REMOVE_AFTER_ATTEMPTS === 0) await this.#counts.removeExpired();
    await this.#settle();
    const account = caseInsensitiveKey(origin.email);
    const owner = origin.user ?? { id: account, tokenVersion: 0 };
    const keys = keysOf(account, owner.id, networkOf(origin.remoteAddress));
    const device = this.#devices.verify(origin.device, owner);
    const ofDevice =
      device === undefined ? [] : [{ key: digest('device', owner.id, device), limit: MAX_FAILURES_PER_PAIR }];
    const { network, everywhere, pair, known } = keys;
    const found = await this.#counts.read([
      ...[network, everywhere, pair, ...ofDevice].map(({ key }) => key),
      known,
    ]);
    const knownUntil = found.get(known)?.expiresAt;
    const ofNetwork = knownUntil === undefined ? [network, everywhere, pair] : [pair];
    const counts = device === undefined ? ofNetwork : ofDevice;
    const attempt = new LoginAttempt(this, this.#counts, {
      isKnown: device !== undefined || knownUntil !== undefined,
      hasDevice: device !== undefined,
      counts,
      mark: isDue(knownUntil) ? known : undefined,
    });
    attempt.refuseExceeded(found);
    return attempt;
  }

  /** A registration makes the account and the network know each other, as a login does. */
  async remember(userId: string, remoteAddress: string): Promise<void> {
    await this.mark(knownKey(userId, networkOf(remoteAddress)));
  }

  /** That it cannot be written is no reason to refuse somebody. */
  async mark(key: string): Promise<void> {
    try {
      await this.#counts.mark(key, new Date(Date.now() + KNOWN_MS));
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
    }
  }

  /** @returns a new device cookie */
  issueDevice(owner: DeviceOwner): string {
    return this.#devices.issue(owner);
  }

  /** @throws LoginThrottledError if a limit was reached meanwhile, DatabaseError */
  async count(counts: readonly Count[]): Promise<void> {
    const written = await Promise.allSettled(
      counts.map(({ key, limit }) => this.#counts.add(key, limit, WINDOW_MS)),
    );
    this.#owed = [...this.#owed, ...counts.filter((_, index) => written[index]?.status === 'rejected')];
    const ends = written.flatMap((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value ?? [];
    });
    if (ends.length > 0) throw throttledUntil(ends);
  }

  /** @throws DatabaseError */
  async #settle(): Promise<void> {
    if (this.#owed.length === 0) return;
    const owed = this.#owed;
    this.#owed = [];
    try {
      await this.count(owed);
    } catch (error) {
      if (!(error instanceof LoginThrottledError)) throw error;
    }
  }
}

interface AttemptOptions {
  readonly isKnown: boolean;
  readonly hasDevice: boolean;
  /** To which a failure is added. */
  readonly counts: readonly Count[];
  /** The mark that the account and the network know each other, if it is to be set. */
  readonly mark: string | undefined;
}

/** An attempt to log in that was let through. */
export class LoginAttempt {
  /** The client has logged in to the account before. */
  readonly isKnown: boolean;
  /** It has shown a device cookie, so it needs none. */
  readonly hasDevice: boolean;
  readonly #throttle: LoginThrottle;
  readonly #store: LoginCounts;
  readonly #counts: readonly Count[];
  readonly #mark: string | undefined;
  #hasFailures = false;

  constructor(throttle: LoginThrottle, store: LoginCounts, options: AttemptOptions) {
    this.isKnown = options.isKnown;
    this.hasDevice = options.hasDevice;
    this.#throttle = throttle;
    this.#store = store;
    this.#counts = options.counts;
    this.#mark = options.mark;
  }

  /** What it is known by: whose attempts wait for each other in the hashing line. */
  get client(): string {
    return this.#own.key;
  }

  /** For one that has waited: others may have failed meanwhile. @throws LoginThrottledError */
  async checkAgain(): Promise<void> {
    this.refuseExceeded(await this.#store.read(this.#counts.map(({ key }) => key)));
  }

  /** @throws LoginThrottledError if the counts that were read are enough */
  refuseExceeded(found: ReadonlyMap<string, CountDocument>): void {
    const ends = this.#counts.flatMap(({ key, limit }) => {
      const document = found.get(key);
      return document !== undefined && document.failures >= limit ? [document.expiresAt] : [];
    });
    if (ends.length > 0) throw throttledUntil(ends);
    this.#hasFailures = found.has(this.#own.key);
  }

  /** The password was wrong. @throws LoginThrottledError if a limit was reached meanwhile, DatabaseError */
  async fail(): Promise<void> {
    await this.#throttle.count(this.#counts);
  }

  /** The password was right: the failures of this very client are forgotten, and its network is known now. */
  async succeed(): Promise<void> {
    if (this.#hasFailures) await this.#store.forget(this.#own.key);
    if (this.#mark !== undefined) await this.#throttle.mark(this.#mark);
  }

  /** The narrowest count. */
  get #own(): Count {
    return this.#counts.at(-1) as Count;
  }
}

function isDue(knownUntil: Date | undefined): boolean {
  return (knownUntil?.getTime() ?? 0) < Date.now() + KNOWN_MS - RENEW_KNOWN_MS;
}

function throttledUntil(ends: readonly Date[]): LoginThrottledError {
  const end = Math.max(...ends.map((date) => date.getTime()));
  return new LoginThrottledError(Math.max(1, Math.ceil((end - Date.now()) / 1000)));
}

function keysOf(account: string, owner: string, network: string) {
  return {
    pair: { key: digest('pair', account, network), limit: MAX_FAILURES_PER_PAIR },
    network: { key: digest('network', network), limit: MAX_FAILURES_PER_NETWORK },
    everywhere: { key: digest('account', account), limit: MAX_FAILURES_PER_ACCOUNT },
    known: knownKey(owner, network),
  };
}

/** Of the mark that the two know each other. */
function knownKey(owner: string, network: string): string {
  return digest('known', owner, network);
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
