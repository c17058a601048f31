/**
 * The network that an address counts for where clients are told apart: an IPv4 address for itself, an IPv6 address
 * for its /64, which is the least that one customer gets (RFC 6177) and can take any address of. Used by what bounds
 * logins.
 */

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** @param address as `request.remoteAddress` gives it: of IPv6 without a zone */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [front = '', back = ''] = address.split('::');
  const head = front.split(':').filter(Boolean);
  const tail = back.split(':').filter(Boolean);
  const zeros = new Array<string>(Math.max(0, GROUPS - head.length - tail.length)).fill('0');
  const network = [...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS);
  return `${network.join(':')}::/64`;
}
