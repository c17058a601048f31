/**
 * The stored form of a password's hash: argon2id as a PHC string
 * (https://github.com/P-H-C/phc-string-format). The string names its own parameters, so they can be raised
 * later and old hashes stay valid. Used by Passwords alone.
 */
import { type Argon2Parameters, argon2, timingSafeEqual } from 'node:crypto';

export interface PasswordHash {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

/** Everything besides the password that a tag is computed from. */
export type HashParameters = Omit<PasswordHash, 'tag'>;

/** OWASP's Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
export const OWASP = { memoryKib: 19_456, passes: 2, parallelism: 1 } as const;
export const SALT_BYTES = 16;
export const TAG_BYTES = 32;

/** 0x13, the version of RFC 9106. */
const VERSION = 19;
const PARAMETERS = 'm=([1-9]\\d{0,6}),t=([1-9]\\d?),p=([1-9])';
const SALT_AND_TAG = '([A-Za-z0-9+/]{11,64})\\$([A-Za-z0-9+/]{22,128})';
const PHC = new RegExp(`^\\$argon2id\\$v=${VERSION}\\$${PARAMETERS}\\$${SALT_AND_TAG}$`);

export function formatHash({ memoryKib, passes, parallelism, salt, tag }: PasswordHash): string {
  return `$argon2id$v=${VERSION}$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

/** @throws TypeError for anything that `formatHash` did not make. The message does not repeat the text */
export function parseHash(text: string): PasswordHash {
  const match = PHC.exec(text);
  if (match === null) throw new TypeError('a stored password hash is not an argon2id PHC string');
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  return {
    memoryKib: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

/** Runs on libuv's pool for some 40 ms. */
export function computeTag(password: string, parameters: HashParameters, bytes: number): Promise<Buffer> {
  const options: Argon2Parameters = {
    // Unicode may spell one text in several ways, depending on the keyboard.
    message: password.normalize('NFC'),
    nonce: parameters.salt,
    memory: parameters.memoryKib,
    passes: parameters.passes,
    parallelism: parameters.parallelism,
    tagLength: bytes,
  };
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  argon2('argon2id', options, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  return promise;
}

/** Takes the same time wherever the two differ. */
export function isSameTag(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
