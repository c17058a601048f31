/**
 * Collects what can be written together for a moment, and writes one batch at a time, because a write costs
 * the driver and the database much more than one more document in it. A write for each VM cost the driver 75
 * to 100 µs and the embedded database 125 to 175 µs. In one write with 63 others a VM costs them 7 and 65 µs.
 */

/** How long the first of a batch waits for others. */
const INTERVAL_MS = 20;
/** It bounds how long the database is busy with one write. */
const MAX_BATCH_SIZE = 500;

export interface BatchesOptions<Item> {
  /** Only items with the same key go into one write. */
  readonly keyOf: (item: Item) => string;
  /** Never rejects. */
  readonly write: (items: readonly Item[]) => Promise<void>;
  /** Called with each run of writes, so that others can wait for it. */
  readonly track: (work: Promise<void>) => void;
}

export class Batches<Item> {
  readonly #options: BatchesOptions<Item>;
  #collected: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;

  constructor(options: BatchesOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    this.#collected.push(item);
    if (this.#isWriting) return;
    this.#timer ??= setTimeout(() => this.#options.track(this.flush()), INTERVAL_MS);
  }

  /** Writes what is collected, and what comes meanwhile. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Whoever writes now also writes this.
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#collected.length > 0) {
      const collected = this.#collected;
      this.#collected = [];
      for (const items of Map.groupBy(collected, this.#options.keyOf).values()) {
        for (let first = 0; first < items.length; first += MAX_BATCH_SIZE) {
          await this.#options.write(items.slice(first, first + MAX_BATCH_SIZE));
        }
      }
    }
    this.#isWriting = false;
  }
}
