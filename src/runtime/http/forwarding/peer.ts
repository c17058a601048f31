/** Who has sent a request: the other end of the connection, which may be a proxy. */
import type { TrustedProxies } from './trusted-proxies.ts';

export interface Peer {
  /** Its IP address. */
  readonly address: string;
  /** null unless the peer is one of them. So requests from others cost one comparison. */
  readonly proxies: TrustedProxies | null;
}
