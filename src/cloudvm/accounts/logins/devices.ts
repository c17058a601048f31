/**
 * Tells the devices apart from which somebody has logged in before, by a signed cookie (OWASP's "Device
 * Cookies"). The cookie names one account and proves nothing but that its holder has logged in to it once. So
 * the limits that strangers can fill do not apply to it, and it has a limit of its own. It needs no memory,
 * so logins of clients that keep no cookies cost nothing either. A new password ends it, as it ends tokens:
 * whoever knew the old one may have collected cookies, and each would bring guesses of its own.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const DEVICE_COOKIE = 'cloudvm_device';
export const DEVICE_TTL_SECONDS = 180 * 24 * 60 * 60;

const ID_BYTES = 12;
/** The id, the end of validity in seconds since 1970, and the signature. */
const SHAPE = /^([\w-]{16})\.(\d{1,12})\.([\w-]{43})$/;

/** Whose device it is. */
export interface DeviceOwner {
  /** The user's, or what stands for one that does not exist. */
  readonly id: string;
  /** Grows with each new password. */
  readonly tokenVersion: number;
}

export class Devices {
  readonly #keys: readonly Buffer[];

  /** @param secrets those of tokens: the first signs, all verify */
  constructor(secrets: readonly string[]) {
    // A key of its own, so that neither kind of signature can stand for the other.
    this.#keys = secrets.map((secret) => createHmac('sha256', secret).update('device cookies').digest());
  }

  /** @returns the value of a cookie */
  issue(owner: DeviceOwner, now = Date.now()): string {
    const [key] = this.#keys;
    if (key === undefined) throw new TypeError('device cookies need at least one secret');
    const id = randomBytes(ID_BYTES).toString('base64url');
    const end = String(Math.floor(now / 1000) + DEVICE_TTL_SECONDS);
    return `${id}.${end}.${sign(key, owner, id, end).toString('base64url')}`;
  }

  /**
   * @param cookie as it was sent
   * @returns the id of the device, or undefined if the cookie is not ours, has expired, is for another
   * account, or is older than the password
   */
  verify(cookie: string | undefined, owner: DeviceOwner, now = Date.now()): string | undefined {
    const [, id = '', end = '', signature = ''] = SHAPE.exec(cookie ?? '') ?? [];
    if (Number(end) * 1000 <= now) return undefined;
    const given = Buffer.from(signature, 'base64url');
    const isOurs = this.#keys.some((key) => timingSafeEqual(sign(key, owner, id, end), given));
    return isOurs ? id : undefined;
  }
}

function sign(key: Buffer, owner: DeviceOwner, id: string, end: string): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([owner.id, owner.tokenVersion, id, end]))
    .digest();
}
