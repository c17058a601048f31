/**
 * Finds the client behind trusted proxies. IncomingRequest asks only if the peer is such a proxy.
 *
 * A proxy sets one kind of fields, and passes on the other kind as the client has sent it. Which kind that is
 * cannot be seen. So if both are there and name different clients, neither is believed.
 */
import { type ForwardedMember, readForwarded, readXForwarded } from './forwarded-fields.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

export interface Client {
  /** Its IP address, or that of the last proxy that is known. */
  readonly address: string;
  readonly protocol: 'http' | 'https';
  /** undefined if no proxy has told it. */
  readonly host: string | undefined;
}

/** @param header reads a field of the request, by its lower-case name */
export function clientBehind(
  peer: string,
  proxies: TrustedProxies,
  header: (name: string) => string | undefined,
): Client {
  const forwarded = follow(readForwarded(header('forwarded') ?? ''), proxies);
  const xForwarded = follow(
    readXForwarded(header('x-forwarded-for'), header('x-forwarded-proto'), header('x-forwarded-host')),
    proxies,
  );
  const isContradiction =
    forwarded !== undefined && xForwarded !== undefined && forwarded.address !== xForwarded.address;
  const told = isContradiction ? undefined : (xForwarded ?? forwarded);
  return { address: told?.address ?? peer, protocol: told?.protocol ?? 'http', host: told?.host };
}

/**
 * From the nearest proxy outwards, for as long as the address that it names is a trusted proxy too.
 * @returns undefined if not even the nearest one tells an address
 */
function follow(members: readonly ForwardedMember[], proxies: TrustedProxies): ForwardedMember | undefined {
  let last: ForwardedMember | undefined;
  for (const member of members) {
    if (member.address === undefined) break;
    last = member;
    if (!proxies.includes(member.address)) break;
  }
  return last;
}
