/**
 * The proxies whose word about the client is believed: the setting TRUSTED_PROXIES, as a set of ranges. The
 * worker asks once for each connection.
 */
import { BlockList, isIP } from 'node:net';

const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

const WHOLE_ADDRESS = { 4: 32, 6: 128 } as const;

/**
 * An address, a range in CIDR notation, or the name of ranges.
 * @returns ranges in CIDR notation. Undefined for anything else, and for all addresses at once, since then
 * every client could name itself
 */
export function parseTrustedRange(text: string): readonly string[] | undefined {
  if (Object.hasOwn(NAMED_RANGES, text)) return NAMED_RANGES[text];
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || address.includes('%') || rest.length > 0) return undefined;
  const bits = WHOLE_ADDRESS[family];
  if (prefix === undefined) return [`${address}/${bits}`];
  const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= bits;
  return isPrefix ? [text] : undefined;
}

export class TrustedProxies {
  readonly #ranges = new BlockList();
  readonly #isEmpty: boolean;

  /** @param ranges as `parseTrustedRange` returns them */
  constructor(ranges: readonly string[]) {
    this.#isEmpty = ranges.length === 0;
    for (const range of ranges) {
      const [address = '', prefix] = range.split('/');
      this.#ranges.addSubnet(address, Number(prefix), familyOf(address));
    }
  }

  includes(address: string): boolean {
    return !this.#isEmpty && this.#ranges.check(address, familyOf(address));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
