/**
 * IP addresses as four 32-bit words for the connection table. The main thread writes them when a client
 * connects, workers read them for `request.remoteAddress`. IPv4 is stored IPv4-mapped (RFC 4291, section
 * 2.5.5.2).
 */

import { ipv4Word, ipv6Groups } from '../../../platform/ip-address.ts';

const MAPPED = 0xffff;

/** @returns four words in network order, all 0 if the text is no IP address */
export function addressToWords(address: string): [number, number, number, number] {
  const word = ipv4Word(address);
  if (word !== null) return [0, 0, MAPPED, word];
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = ipv6Groups(address) ?? [];
  return [(a << 16) | b, (c << 16) | d, (e << 16) | f, (g << 16) | h];
}

/** As RFC 5952 writes it, except that the "::" stands for the first run of zeros instead of the longest. */
export function wordsToAddress(a: number, b: number, c: number, d: number): string {
  if (a === 0 && b === 0 && c === MAPPED) {
    return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
  }
  const groups = [a, b, c, d].flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]);
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}
