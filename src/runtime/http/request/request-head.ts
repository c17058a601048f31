/**
 * Reads the head of one request: its parse record, and strings and header values out of the bytes that the
 * record points into. Only IncomingRequest uses it. Until `detach` it reads shared memory, afterwards its own
 * copy.
 */
import { HEADER_COOKIE, HEADER_HOST } from '../../../../assembly/record.ts';
import type { ParseRecord } from '../../core/parse-record.ts';
import { WELL_KNOWN_HEADERS, wellKnownHeaderNumber } from '../../core/well-known-headers.ts';

const CASE_BIT = 0x20;

export class RequestHead {
  #record: ParseRecord;
  readonly #bytes: Buffer;
  readonly #address: number;
  /**
   * The whole head as one string, which is made if many strings of it are needed. A call into the buffer
   * costs 150 ns, a substring 10 ns. But a substring keeps the whole string alive, so a cache of tokens would
   * keep whole heads. So a single header is read from the bytes.
   */
  #whole: string | null = null;
  #isDetached = false;

  constructor(record: ParseRecord, bytes: Buffer, address: number) {
    this.#record = record;
    this.#bytes = bytes;
    this.#address = address;
  }

  /** Whether it reads only its own copy, and so stays readable. */
  get isDetached(): boolean {
    return this.#isDetached;
  }

  /** Takes a copy of the used part of the record and of the head. */
  detach(): void {
    if (this.#isDetached) return;
    this.#whole ??= this.#readWhole();
    this.#record = this.#record.copy();
    this.#isDetached = true;
  }

  /** The answer of the core about the request. Read it anew each time, because `detach` replaces it. */
  get record(): ParseRecord {
    return this.#record;
  }

  /**
   * A string with one character for each byte (latin1), because HTTP does not define the encoding of its
   * octets.
   */
  text(start: number, length: number): string {
    if (this.#whole !== null) return this.#whole.slice(start, start + length);
    const from = this.#address + start;
    return this.#bytes.toString('latin1', from, from + length);
  }

  /** @param lowerName in lower case */
  header(lowerName: string): string | undefined {
    const number = wellKnownHeaderNumber(lowerName);
    const first = number === undefined ? this.#find(lowerName, 0) : this.#record.wellKnownHeader(number);
    if (first === -1) return undefined;
    const value = this.#value(first);
    const next = this.#find(lowerName, first + 1);
    return next === -1 ? value : this.#join(lowerName, value, next);
  }

  headers(): Record<string, string> {
    this.#whole ??= this.#readWhole();
    const headers: Record<string, string> = Object.create(null);
    const count = this.#record.headerCount;
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
    const { authorityLength, authorityStart } = this.#record;
    if (authorityLength > 0) return this.text(authorityStart, authorityLength);
    return this.header(WELL_KNOWN_HEADERS[HEADER_HOST] ?? 'host') ?? '';
  }

  #name(index: number): string {
    return this.text(this.#record.headerNameStart(index), this.#record.headerNameLength(index)).toLowerCase();
  }

  #value(index: number): string {
    return this.text(this.#record.headerValueStart(index), this.#record.headerValueLength(index));
  }

  #join(lowerName: string, value: string, next: number): string {
    let joined = value;
    for (let index = next; index !== -1; index = this.#find(lowerName, index + 1)) {
      joined += separator(lowerName) + this.#value(index);
    }
    return joined;
  }

  /**
   * Index of the first field of that name from `from` on, or -1. Most lengths differ, so few bytes are read.
   */
  #find(lowerName: string, from: number): number {
    const count = this.#record.headerCount;
    for (let index = from; index < count; index++) {
      if (this.#record.headerNameLength(index) !== lowerName.length) continue;
      if (this.#isNamed(this.#record.headerNameStart(index), lowerName)) return index;
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
    return this.#bytes.toString('latin1', this.#address, this.#address + this.#record.bodyStart);
  }
}

function toLowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | CASE_BIT : byte;
}

/** Cookie is not a list field: its pairs are joined as RFC 6265, section 5.4 writes them. */
function separator(lowerName: string): string {
  return lowerName === WELL_KNOWN_HEADERS[HEADER_COOKIE] ? '; ' : ', ';
}
