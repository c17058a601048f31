/**
 * The network that an address counts for where clients are told apart: an IPv4 address for itself, an IPv6 address
 * for its /64, which is the least that one customer gets (RFC 6177) and can take any address of. Used by what bounds
 * logins.
 */

import { ipv6Groups } from '../../../platform/ip-address.ts';

const NETWORK_GROUPS = 4;

/** @param address as `request.remoteAddress` gives it */
export function networkOf(address: string): string {
  const groups = ipv6Groups(address);
  if (groups === null) return address;
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
