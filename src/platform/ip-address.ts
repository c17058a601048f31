/**
 * Reads the text of IP addresses. The runtime keeps the addresses of clients as words, and the application
 * counts logins by network. Any thread may call it.
 */

import { isIPv4, isIPv6 } from 'node:net';

const GROUPS = 8;

/** The four bytes as one 32-bit word in network order. Null for anything else. */
export function ipv4Word(address: string): number | null {
  if (!isIPv4(address)) return null;
  return address.split('.').reduce((word, part) => (word << 8) | Number(part), 0);
}

/**
 * The eight groups of an IPv6 address (RFC 4291, section 2.2), its zone left out.
 * @returns null for anything else
 */
export function ipv6Groups(address: string): number[] | null {
  if (!isIPv6(address)) return null;
  const [front = '', back = ''] = address.replace(/%.*$/, '').split('::');
  const head = groupsOf(front);
  const tail = groupsOf(back);
  const zeros = new Array<number>(GROUPS - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}

/** One side of the "::". Its last 32 bits may be written as an IPv4 address. */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    const word = ipv4Word(part);
    return word === null ? [Number.parseInt(part, 16)] : [word >>> 16, word & 0xffff];
  });
}
