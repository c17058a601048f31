/**
 * The network that stands for a client when logins are counted. An IPv4 address stands for itself. An IPv6
 * address stands for its /64: every customer gets at least a /64 (RFC 6177) and may use any address in it.
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
