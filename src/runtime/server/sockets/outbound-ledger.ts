/**
 * Counts the bytes of responses that wait for slow clients, and those that workers may still publish, for all
 * connections together. OUTBOUND_MEMORY_MB bounds them. Main thread, part of socket-writer.ts and of
 * connections/ownership.ts.
 *
 *  - held: bytes that a client has not taken, in the queues of the sockets.
 *  - granted: the credit of all turns that are under way. A worker publishes no more than that.
 *
 * A turn gets the whole window as long as there is plenty, and less when there is not. It always gets
 * LEAST_CREDIT, so a small answer never waits for memory. If those sums exceed the bound all the same, the
 * clients that hold the most are cut off (connections.ts). Workers count what waits on their heaps against
 * the same bound, so they are told what main holds.
 */

/** An answer of this size never waits for memory. */
const LEAST_CREDIT = 16_384;
/** One turn gets at most this share of what is left. */
const SHARE = 1 / 16;
const KILOBYTE = 1_024;
/** The workers learn of changes above this. */
const STEP_KILOBYTES = 256;

export interface OutboundLedgerOptions {
  readonly limitBytes: number;
  /** The largest credit of a turn: OUTBOUND_WINDOW_BYTES. */
  readonly windowBytes: number;
  /** Tells the workers what the sockets hold. */
  readonly publish: (kilobytes: number) => void;
}

export class OutboundLedger {
  readonly #options: OutboundLedgerOptions;
  #held = 0;
  #granted = 0;
  #publishedKilobytes = 0;

  constructor(options: OutboundLedgerOptions) {
    this.#options = options;
  }

  /** Bytes that clients have not taken. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Bytes above the bound, or 0. */
  get excessBytes(): number {
    return Math.max(0, this.#held - this.#options.limitBytes);
  }

  /** @param bytes negative if they were taken or given up */
  hold(bytes: number): void {
    this.#held += bytes;
    const kilobytes = Math.ceil(this.#held / KILOBYTE);
    if (Math.abs(kilobytes - this.#publishedKilobytes) < STEP_KILOBYTES && kilobytes > 0) return;
    this.#publishedKilobytes = kilobytes;
    this.#options.publish(kilobytes);
  }

  /**
   * A turn begins.
   * @param owed bytes that its client has not taken yet
   * @returns its credit, which `release` gives back
   */
  grant(owed: number): number {
    const { limitBytes, windowBytes } = this.#options;
    const left = limitBytes - this.#held - this.#granted;
    const window = Math.min(windowBytes, Math.max(LEAST_CREDIT, left * SHARE));
    const credit = Math.max(0, Math.floor(window) - owed);
    this.#granted += credit;
    return credit;
  }

  /** The turn has ended. */
  release(credit: number): void {
    this.#granted -= credit;
  }
}
