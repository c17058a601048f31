/**
 * Copies of what waits for its client. To allocate a large buffer costs several times as much as to fill it,
 * because the kernel gives each of its pages anew. So a worker keeps a few of them. Worker threads only.
 */

/** A larger copy has a buffer of its own, and so has one that is cheap to allocate. */
const SPARE_BYTES = 1_048_576;
const SMALL_BYTES = 16_384;
/** Each worker keeps no more than that. */
const MOST_SPARE = 4;

export interface BorrowedBytes extends Disposable {
  /** Valid until it is disposed of. */
  readonly bytes: Uint8Array;
}

export class SpareBuffers {
  readonly #spare: Buffer[] = [];
  #made = 0;

  /**
   * Copies the bytes from `start` on.
   * @param source bytes, or text of one byte a character (latin1)
   */
  copy(source: string | Uint8Array, start: number): BorrowedBytes {
    const length = source.length - start;
    const buffer = length > SMALL_BYTES && length <= SPARE_BYTES ? this.#take() : undefined;
    const bytes = (buffer ?? Buffer.allocUnsafe(length)).subarray(0, length);
    if (typeof source === 'string') bytes.write(source.slice(start), 'latin1');
    else bytes.set(source.subarray(start));
    return { bytes, [Symbol.dispose]: () => this.#giveBack(buffer) };
  }

  #take(): Buffer | undefined {
    if (this.#spare.length > 0 || this.#made === MOST_SPARE) return this.#spare.pop();
    this.#made++;
    return Buffer.allocUnsafeSlow(SPARE_BYTES);
  }

  #giveBack(buffer: Buffer | undefined): void {
    if (buffer !== undefined) this.#spare.push(buffer);
  }
}
