/**
 * The addresses of clients as text, for `request.remoteAddress`. The text is made once for each connection
 * and kept for as long as its number belongs to the same client. Worker threads only.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { wordsToAddress } from '../../memory/connections/peer-address.ts';

interface KnownAddress {
  readonly generation: number;
  readonly text: string;
}

export class PeerAddresses {
  readonly #table: ConnectionTable;
  /** By connection number. */
  readonly #known: (KnownAddress | undefined)[] = [];

  constructor(table: ConnectionTable) {
    this.#table = table;
  }

  of(connection: number, generation: number): string {
    const known = this.#known[connection];
    if (known?.generation === generation) return known.text;
    const text = wordsToAddress(...this.#table.peer(connection));
    this.#known[connection] = { generation, text };
    return text;
  }
}
