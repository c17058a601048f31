/**
 * The Idempotency-Keys of requests about accounts, as digests in the document of the user. There the key and
 * what was done with it are one write, so whoever repeats the request finds both or neither. No password and
 * no token is in a digest.
 */
import { createHash } from 'node:crypto';

/** From the request on that used it. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
/** Each change of a password costs two hashes, so nobody needs more within a day. */
const MAX_PASSWORD_KEYS = 20;

/** Of a change of the password. */
export interface PasswordKey {
  readonly digest: string;
  /** Of the user's tokens before the change. Such a token has asked for it, and was withdrawn by it. */
  readonly tokenVersion: number;
  readonly at: Date;
}

/** What identifies a registration. Another address or name with the same key is another registration. */
export function registrationKey(
  { email, username }: { readonly email: string; readonly username: string },
  key: string,
): string {
  return digest(['register', email, username, key]);
}

/** A key belongs to its user. */
export function passwordKey(userId: string, key: string): string {
  return digest(['password', userId, key]);
}

/** The latest ones with one more. */
export function withPasswordKey(keys: readonly PasswordKey[], key: PasswordKey): PasswordKey[] {
  return [...keys.filter(({ at }) => isRemembered(at)), key].slice(-MAX_PASSWORD_KEYS);
}

export function isRemembered(at: Date): boolean {
  return at.getTime() > Date.now() - REMEMBERED_MS;
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
