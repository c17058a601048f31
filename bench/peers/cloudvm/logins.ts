/**
 * Checks passwords and counts failures, with the queries and the hash of this server's login. What bounds
 * simultaneous hashes there has no counterpart here, because libuv's pool already bounds them.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Collection, MongoServerError } from 'mongodb';
import type { CountDocument } from '../../../src/cloudvm/accounts/logins/login-counts.ts';
import { computeTag, parseHash } from '../../../src/cloudvm/accounts/passwords/password-hash.ts';
import type { UserDocument } from '../../../src/cloudvm/accounts/users/user-document.ts';
import { tooManyLogins, wrongCredentials } from './problems.ts';

export interface LoginAttempt {
  readonly email: string;
  readonly password: string;
  readonly remoteAddress: string;
}

interface Count {
  readonly key: string;
  readonly limit: number;
}

const DUPLICATE_KEY = 11000;
const WINDOW_MS = 15 * 60 * 1000;
const KNOWN_MS = 30 * 24 * 60 * 60 * 1000;

export class Logins {
  readonly #users: Collection<UserDocument>;
  readonly #counts: Collection<CountDocument>;

  constructor(users: Collection<UserDocument>, counts: Collection<CountDocument>) {
    this.#users = users;
    this.#counts = counts;
  }

  /** @throws Problem 401, 429 */
  async logIn({ email, password, remoteAddress }: LoginAttempt): Promise<UserDocument> {
    const emailKey = email.normalize('NFC').toLowerCase();
    const pair = { key: digest('pair', emailKey, remoteAddress), limit: 10 };
    const network = { key: digest('network', remoteAddress), limit: 100 };
    const account = { key: digest('account', emailKey), limit: 100 };
    const known = digest('known', emailKey, remoteAddress);

    const found = await this.#read([pair.key, network.key, account.key, known]);
    const isKnown = found.has(known);
    const counts = isKnown ? [pair] : [network, account, pair];
    for (const count of counts) refuseExceeded(count, found.get(count.key));
    for (const { key } of counts) await this.#add(key);
    const user = await this.#users.findOne({ emailKey });
    if (user === null || !(await isRight(password, user.passwordHash))) throw wrongCredentials();
    await this.#counts.deleteOne({ _id: pair.key });
    if (!isKnown) {
      await this.#mark(known);
      for (const { key } of [network, account]) await this.#subtract(key);
    }
    return user;
  }

  async #read(keys: readonly string[]): Promise<ReadonlyMap<string, CountDocument>> {
    const filter = { _id: { $in: [...keys] }, expiresAt: { $gt: new Date() } };
    const found = await this.#counts.find(filter).toArray();
    return new Map(found.map((document) => [document._id, document]));
  }

  async #add(key: string): Promise<void> {
    const now = new Date();
    const live = { _id: key, expiresAt: { $gt: now } };
    const { matchedCount } = await this.#counts.updateOne(live, { $inc: { failures: 1 } });
    if (matchedCount > 0) return;
    const inserted = await this.#insert({
      _id: key,
      failures: 1,
      expiresAt: new Date(now.getTime() + WINDOW_MS),
    });
    if (!inserted) await this.#counts.updateOne({ _id: key }, { $inc: { failures: 1 } });
  }

  async #subtract(key: string): Promise<void> {
    const { deletedCount } = await this.#counts.deleteOne({ _id: key, failures: { $lte: 1 } });
    if (deletedCount === 0) await this.#counts.updateOne({ _id: key }, { $inc: { failures: -1 } });
  }

  async #mark(key: string): Promise<void> {
    const expiresAt = new Date(Date.now() + KNOWN_MS);
    const { matchedCount } = await this.#counts.updateOne({ _id: key }, { $set: { expiresAt } });
    if (matchedCount === 0) await this.#insert({ _id: key, failures: 0, expiresAt });
  }

  /** @returns false if it exists already */
  async #insert(document: CountDocument): Promise<boolean> {
    try {
      await this.#counts.insertOne(document);
      return true;
    } catch (error) {
      if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
      throw error;
    }
  }
}

function refuseExceeded({ limit }: Count, found: CountDocument | undefined): void {
  if (found !== undefined && found.failures >= limit) throw tooManyLogins(found.expiresAt);
}

async function isRight(password: string, stored: string): Promise<boolean> {
  const expected = parseHash(stored);
  const tag = await computeTag(password, expected, expected.tag.length);
  return timingSafeEqual(tag, expected.tag);
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
