/**
 * Writes the bytes of an index key into a buffer that grows as needed. One writer serves all keys, because
 * the database's thread encodes one key at a time.
 */

/** The end mark of a text. */
export const TEXT_END_BYTES = 2;

export class KeyWriter {
  #bytes = Buffer.allocUnsafe(256);
  length = 0;

  begin(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length] = value;
    this.length += 1;
  }

  bytes(values: Uint8Array): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.length);
    this.length += values.length;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.length = this.#bytes.writeUInt16BE(value, this.length);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.length = this.#bytes.writeUInt32BE(value, this.length);
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.length = this.#bytes.writeBigUInt64BE(value, this.length);
  }

  /**
   * Makes a double's bytes sort like its value: inverts negative ones, and sets the sign bit of the others.
   */
  double(value: number): void {
    this.#reserve(8);
    const start = this.length;
    this.#bytes.writeDoubleBE(value, start);
    this.length = start + 8;
    if (value < 0) this.invert(start);
    else this.#bytes[start] = (this.#bytes[start] ?? 0) | 0x80;
  }

  /**
   * UTF-8 that ends with 00 00. A 00 in the text becomes 00 FF. So a string sorts before any longer one that
   * begins with it, but its encoding is never the beginning of another.
   */
  text(value: string): void {
    const start = this.length;
    this.#reserve(value.length * 3 + TEXT_END_BYTES);
    this.length += this.#bytes.write(value, start, 'utf8');
    if (this.#bytes.subarray(start, this.length).includes(0)) this.#escapeZeros(start);
    this.uint16(0);
  }

  invert(start: number): void {
    for (let index = start; index < this.length; index += 1) {
      this.#bytes[index] = (this.#bytes[index] ?? 0) ^ 0xff;
    }
  }

  /** The bytes written since `begin`. */
  copy(): Uint8Array {
    const copy = new Uint8Array(this.length);
    // Most keys are short, so this loop is faster than making a subarray to copy from.
    for (let index = 0; index < this.length; index += 1) copy[index] = this.#bytes[index] ?? 0;
    return copy;
  }

  /** The bytes written since `begin`, each as a character. */
  latin1(): string {
    return this.#bytes.toString('latin1', 0, this.length);
  }

  #escapeZeros(start: number): void {
    const plain = new Uint8Array(this.#bytes.subarray(start, this.length));
    this.length = start;
    for (const value of plain) {
      this.byte(value);
      if (value === 0) this.byte(0xff);
    }
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}
