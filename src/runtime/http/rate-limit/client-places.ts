/**
 * The places of clients in the table of allowances. A place is a keyed digest of the client, so that nobody
 * can choose whose set it shares. Those of recent clients are kept, because a digest costs more than the
 * rest.
 */
import { createHmac } from 'node:crypto';
import { type ClientPlace, TAG_LIMIT } from '../../memory/clients/rate-limit-table.ts';
import { RATE_LIMIT_SETS } from '../../memory/layout.ts';

const MOST_KEPT = 1_024;

export class ClientPlaces {
  /** In order of insertion: the oldest is dropped first. */
  readonly #places = new Map<string, ClientPlace>();
  readonly #seed: Uint8Array;

  /** @param seed the same in all workers, and secret */
  constructor(seed: Uint8Array) {
    this.#seed = seed;
  }

  of(client: string): ClientPlace {
    const kept = this.#places.get(client);
    if (kept !== undefined) return kept;
    const place = this.#compute(client);
    if (this.#places.size >= MOST_KEPT) {
      const [oldest] = this.#places.keys();
      if (oldest !== undefined) this.#places.delete(oldest);
    }
    this.#places.set(client, place);
    return place;
  }

  #compute(client: string): ClientPlace {
    const digest = createHmac('sha256', this.#seed).update(client).digest();
    const set = digest.readUInt32LE(0) % RATE_LIMIT_SETS;
    return { set, tag: (digest.readUInt32LE(4) % (TAG_LIMIT - 1)) + 1 };
  }
}
