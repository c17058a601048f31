/**
 * Collects JSON as bytes, and makes one string of it at the end, because strings that are put together piece
 * by piece are much garbage. One writer serves a thread. The caller reserves room before it writes.
 */
import { writeIsoTime } from './iso-time.ts';

const INITIAL_BYTES = 16 * 1024;
/** A writer that has grown beyond this gives the memory back. */
const MAX_KEPT_BYTES = 256 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PLAIN = 0x20;
const FIRST_NOT_ASCII = 0x80;
const HEXADECIMAL_DIGITS = Buffer.from('0123456789abcdef');

/** The most bytes that a byte of a text takes in JSON: `\u0000`. */
export const MAX_ESCAPED_BYTES = 6;

export class JsonWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;
  #isAscii = true;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written, also by somebody who failed half-way. */
  begin(): void {
    this.#length = 0;
    this.#isAscii = true;
  }

  /** Makes room for so many more bytes. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** Takes back what was written after a length. */
  rewind(length: number): void {
    this.#length = length;
  }

  /** A piece of JSON, in ASCII. */
  bytes(json: Uint8Array): void {
    const target = this.#bytes;
    const start = this.#length;
    // A loop is quicker than a call of the runtime for as few bytes as we copy.
    for (let index = 0; index < json.length; index += 1) target[start + index] = json[index] ?? 0;
    this.#length = start + json.length;
  }

  /** A piece of JSON. It reserves its room itself. */
  text(json: string): void {
    this.reserve(Buffer.byteLength(json));
    const count = this.#bytes.write(json, this.#length);
    if (count !== json.length) this.#isAscii = false;
    this.#length += count;
  }

  /** A text in UTF-8, as a string of JSON. */
  string(bytes: Buffer, start: number, end: number): void {
    const target = this.#bytes;
    let position = this.#length;
    target[position++] = QUOTE;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index] ?? 0;
      if (byte < FIRST_PLAIN || byte === QUOTE || byte === BACKSLASH) {
        this.text(JSON.stringify(bytes.toString('utf8', start, end)));
        return;
      }
      if (byte >= FIRST_NOT_ASCII) this.#isAscii = false;
      target[position++] = byte;
    }
    target[position++] = QUOTE;
    this.#length = position;
  }

  /** Bytes as hexadecimal digits, as a string of JSON. */
  hexadecimal(bytes: Buffer, start: number, end: number): void {
    const target = this.#bytes;
    let position = this.#length;
    target[position++] = QUOTE;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index] ?? 0;
      target[position++] = HEXADECIMAL_DIGITS[byte >> 4] ?? 0;
      target[position++] = HEXADECIMAL_DIGITS[byte & 15] ?? 0;
    }
    target[position++] = QUOTE;
    this.#length = position;
  }

  /** A time for which `isTime` holds, as a string of JSON. */
  time(milliseconds: number): void {
    this.#bytes[this.#length++] = QUOTE;
    this.#length = writeIsoTime(this.#bytes, this.#length, milliseconds);
    this.#bytes[this.#length++] = QUOTE;
  }

  /** @returns what was written since `begin` */
  end(): string {
    const json = this.#bytes.toString(this.#isAscii ? 'latin1' : 'utf8', 0, this.#length);
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES);
    return json;
  }
}
