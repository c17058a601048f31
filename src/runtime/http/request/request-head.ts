/**
 * Reads the head of one request: words of its parse record, and strings and header values out of the bytes
 * the record points into. Request uses it and nothing else touches the head's bytes. It reads shared memory
 * until `detach`, and after that what it owns.
 */
import {
  AUTHORITY_LENGTH,
  AUTHORITY_START,
  BODY_START,
  HEADER_COOKIE,
  HEADER_COUNT,
  HEADER_HOST,
  HEADER_WORDS,
  HEADERS,
  WELL_KNOWN,
} from '../../../../assembly/record.ts';
import { WELL_KNOWN_HEADERS, wellKnownHeaderNumber } from '../../core/well-known-headers.ts';

const CASE_BIT = 0x20;

export class RequestHead {
  #record: Int32Array;
  readonly #bytes: Buffer;
  readonly #address: number;
  /**
   * The whole head as one string, made where many strings are wanted of it. A call into the buffer costs 150 ns,
   * a part of a string 10 ns. But a part keeps the whole alive, which is why a single header is read from the
   * bytes: a cache of tokens must not hold on to whole heads.
   */
  #whole: string | null = null;
  #isDetached = false;

  constructor(record: Int32Array, bytes: Buffer, address: number) {
    this.#record = record;
    this.#bytes = bytes;
    this.#address = address;
  }

  /** Whether it reads nothing but what it owns, and so stays readable. */
  get isDetached(): boolean {
    return this.#isDetached;
  }

  /** Takes a copy of the used part of the record and of the head. */
  detach(): void {
    if (this.#isDetached) return;
    this.#whole ??= this.#readWhole();
    // slice makes a new, unshared Int32Array, also of a shared one.
    this.#record = this.#record.slice(0, HEADERS + this.word(HEADER_COUNT) * HEADER_WORDS);
    this.#isDetached = true;
  }

  /** One word of the record; the callers' indexes are constants within it. */
  word(index: number): number {
    return this.#record[index] as number;
  }

  /** A string of one character for each byte: what HTTP's octets are without knowing more. */
  text(start: number, length: number): string {
    if (this.#whole !== null) return this.#whole.slice(start, start + length);
    const from = this.#address + start;
    return this.#bytes.toString('latin1', from, from + length);
  }

  /** @param lowerName in lower case */
  header(lowerName: string): string | undefined {
    const number = wellKnownHeaderNumber(lowerName);
    const first = number === undefined ? this.#find(lowerName, 0) : this.word(WELL_KNOWN + number) - 1;
    if (first === -1) return undefined;
    const value = this.#value(first);
    const next = this.#find(lowerName, first + 1);
    return next === -1 ? value : this.#join(lowerName, value, next);
  }

  headers(): Record<string, string> {
    this.#whole ??= this.#readWhole();
    const headers: Record<string, string> = Object.create(null);
    const count = this.word(HEADER_COUNT);
    for (let index = 0; index < count; index++) {
      const name = this.#name(index);
      const known = headers[name];
      const value = this.#value(index);
      headers[name] = known === undefined ? value : known + separator(name) + value;
    }
    return headers;
  }

  /** The authority of the target wins over the Host header (RFC 9112, section 3.2.2). */
  host(): string {
    const length = this.word(AUTHORITY_LENGTH);
    if (length > 0) return this.text(this.word(AUTHORITY_START), length);
    return this.header(WELL_KNOWN_HEADERS[HEADER_HOST] ?? 'host') ?? '';
  }

  #name(index: number): string {
    const entry = HEADERS + index * HEADER_WORDS;
    return this.text(this.word(entry), this.word(entry + 1)).toLowerCase();
  }

  #value(index: number): string {
    const entry = HEADERS + index * HEADER_WORDS;
    return this.text(this.word(entry + 2), this.word(entry + 3));
  }

  #join(lowerName: string, value: string, next: number): string {
    let joined = value;
    for (let index = next; index !== -1; index = this.#find(lowerName, index + 1)) {
      joined += separator(lowerName) + this.#value(index);
    }
    return joined;
  }

  /** Index of the first field of that name from `from` on, or -1. Lengths differ for most, so few bytes are read. */
  #find(lowerName: string, from: number): number {
    const count = this.word(HEADER_COUNT);
    for (let index = from; index < count; index++) {
      const entry = HEADERS + index * HEADER_WORDS;
      if (this.word(entry + 1) === lowerName.length && this.#isNamed(this.word(entry), lowerName))
        return index;
    }
    return -1;
  }

  #isNamed(start: number, lowerName: string): boolean {
    for (let index = 0; index < lowerName.length; index++) {
      if (toLowerCase(this.#byte(start + index)) !== lowerName.charCodeAt(index)) return false;
    }
    return true;
  }

  #byte(position: number): number {
    if (this.#whole !== null) return this.#whole.charCodeAt(position);
    return this.#bytes[this.#address + position] as number;
  }

  #readWhole(): string {
    return this.#bytes.toString('latin1', this.#address, this.#address + this.word(BODY_START));
  }
}

function toLowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | CASE_BIT : byte;
}

/** Cookie is no list field: its pairs are joined as RFC 6265, section 5.4 writes them. */
function separator(lowerName: string): string {
  return lowerName === WELL_KNOWN_HEADERS[HEADER_COOKIE] ? '; ' : ', ';
}
