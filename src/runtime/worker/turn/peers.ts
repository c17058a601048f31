/**
 * The peers of connections, for `request.remoteAddress`: their addresses as text, and whether they are
 * trusted proxies. Both are found out once for each connection, and kept for as long as its number belongs to
 * the same peer. Worker threads only.
 */

import type { Peer } from '../../http/forwarding/peer.ts';
import type { TrustedProxies } from '../../http/forwarding/trusted-proxies.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { wordsToAddress } from '../../memory/connections/peer-address.ts';

interface KnownPeer extends Peer {
  readonly generation: number;
}

export class Peers {
  readonly #table: ConnectionTable;
  readonly #proxies: TrustedProxies;
  /** By connection number. */
  readonly #known: (KnownPeer | undefined)[] = [];

  constructor(table: ConnectionTable, proxies: TrustedProxies) {
    this.#table = table;
    this.#proxies = proxies;
  }

  of(connection: number, generation: number): Peer {
    const known = this.#known[connection];
    if (known?.generation === generation) return known;
    const address = wordsToAddress(...this.#table.peer(connection));
    const proxies = this.#proxies.includes(address) ? this.#proxies : null;
    const peer = { generation, address, proxies };
    this.#known[connection] = peer;
    return peer;
  }
}
