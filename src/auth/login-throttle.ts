/**
 * Slows down who guesses passwords: after too many failures for one user, logins answer 429 until the window
 * has passed. The counts lie in the database, so that all workers and processes share them and a restart does
 * not forget them. Called by the authentication controller before and after it checks a password.
 *
 * Attempts that are under way at the same moment are all let through before the first of them is counted; how
 * many that can be is bounded by the line for password hashes. Counts that have expired are removed after every
 * so many failures; those that have not are bounded by how many passwords can be hashed within the window.
 */
import { createHash } from 'node:crypto';
import type { Collection } from 'mongodb';
import type { DatabaseService } from '../database/database-service.ts';
import { isDuplicateKey } from '../database/driver-errors.ts';

export const LOGIN_FAILURES = 'loginFailures';

/** From one address for one user: a person who has forgotten a password tries less. */
export const MAX_FAILURES_PER_ADDRESS = 10;
/** From all addresses together: more, or anybody could lock any user out. */
export const MAX_FAILURES_PER_USER = 100;
export const WINDOW_MS = 15 * 60 * 1000;

/** Failures that one worker records between two removals of what has expired. */
const REMOVE_AFTER_FAILURES = 100;
const INDEX = { name: 'expiresAt', key: { expiresAt: 1 } } as const;

/** Between the read and the write of a count others may write; each round one of them succeeds. */
const MAX_ROUNDS = 5;

interface FailureDocument {
  /** A digest: neither addresses nor e-mail addresses of people are stored in clear for this. */
  _id: string;
  failures: number;
  expiresAt: Date;
}

/** Who tries, and for whom. */
export interface LoginAttempt {
  readonly email: string;
  readonly remoteAddress: string;
}

/** Too many failures; try again after that time. */
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
  readonly #service: DatabaseService;
  readonly #failures: Collection<FailureDocument>;
  #recorded = 0;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#failures = service.collection<FailureDocument>(LOGIN_FAILURES);
  }

  /** Once per process. */
  async prepare(): Promise<void> {
    await this.#service.runRepeatable(() => this.#failures.createIndexes([{ ...INDEX }]));
    await this.#removeExpired();
  }

  /** @returns whether there were failures lately. @throws LoginThrottledError */
  async check(attempt: LoginAttempt): Promise<boolean> {
    const limits = limitsOf(attempt);
    const filter = { _id: { $in: [...limits.keys()] }, expiresAt: { $gt: new Date() } };
    const found = await this.#service.run(() => this.#failures.find(filter).toArray());
    const exceeded = found.filter(({ _id, failures }) => failures >= (limits.get(_id) ?? 0));
    if (exceeded.length > 0) {
      const end = Math.max(...exceeded.map(({ expiresAt }) => expiresAt.getTime()));
      throw new LoginThrottledError(Math.max(1, Math.ceil((end - Date.now()) / 1000)));
    }
    return found.length > 0;
  }

  async recordFailure(attempt: LoginAttempt): Promise<void> {
    for (const key of limitsOf(attempt).keys()) {
      await this.#service.run(() => this.#count(key));
    }
    this.#recorded += 1;
    if (this.#recorded % REMOVE_AFTER_FAILURES === 0) await this.#removeExpired();
  }

  /** A success ends the count of this address; the others' failures go on counting. */
  async recordSuccess(attempt: LoginAttempt): Promise<void> {
    await this.#service.runRepeatable(() => this.#failures.deleteOne({ _id: addressKey(attempt) }));
  }

  async #removeExpired(): Promise<void> {
    await this.#service.runRepeatable(() => this.#failures.deleteMany({ expiresAt: { $lte: new Date() } }));
  }

  /** Without upsert, whose races servers resolve differently: count what is there, else start a new count. */
  async #count(key: string): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const now = new Date();
      const { matchedCount } = await this.#failures.updateOne(
        { _id: key, expiresAt: { $gt: now } },
        { $inc: { failures: 1 } },
      );
      if (matchedCount > 0) return;
      await this.#failures.deleteOne({ _id: key, expiresAt: { $lte: now } });
      try {
        await this.#failures.insertOne({
          _id: key,
          failures: 1,
          expiresAt: new Date(now.getTime() + WINDOW_MS),
        });
        return;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    }
  }
}

/** The counts that an attempt belongs to, each with its limit. */
function limitsOf(attempt: LoginAttempt): ReadonlyMap<string, number> {
  return new Map([
    [addressKey(attempt), MAX_FAILURES_PER_ADDRESS],
    [digest(['user', userOf(attempt)]), MAX_FAILURES_PER_USER],
  ]);
}

function addressKey(attempt: LoginAttempt): string {
  return digest(['address', userOf(attempt), attempt.remoteAddress]);
}

/** As users are told apart: without regard to case. */
function userOf({ email }: LoginAttempt): string {
  return email.normalize('NFC').toLowerCase();
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
