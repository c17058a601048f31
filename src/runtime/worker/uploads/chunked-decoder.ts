/**
 * A chunked body (RFC 9112, section 7.1) that comes piece by piece. It accepts and refuses what the core does
 * (assembly/chunks.ts), which a test compares. Worker threads only.
 */

import * as r from '../../../../assembly/record.ts';
import { CLASSES, CR, HEX_VALUES, LF, TOKEN, VALUE } from '../../core/characters.ts';
import { extensionsFault } from '../../core/js/chunks.ts';
import { reasonSentence } from '../../core/reasons.ts';
import { HttpProblem } from '../../http/problem.ts';
import type { BodyDecoder } from './body-decoder.ts';

const COLON = 0x3a;
const LINE_BREAK_BYTES = 2;

type Phase = 'size' | 'data' | 'data-end' | 'trailers' | 'complete';

export interface ChunkedLimits {
  /** Of the content. */
  readonly maxBytes: number;
  /** Of the trailer section. */
  readonly maxTrailerBytes: number;
}

export class ChunkedDecoder implements BodyDecoder {
  readonly #limits: ChunkedLimits;
  #phase: Phase = 'size';
  /** Bytes of the present chunk that have not come. */
  #left = 0;
  /** The start of a line whose end has not come. */
  #line: Uint8Array = new Uint8Array(0);
  #contentBytes = 0;
  #framingBytes = 0;
  #trailerBytes = 0;

  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
  }

  get isComplete(): boolean {
    return this.#phase === 'complete';
  }

  decode(bytes: Uint8Array, content: Uint8Array[]): number {
    let position = 0;
    while (position < bytes.length && this.#phase !== 'complete') {
      if (this.#phase === 'data') position += this.#takeData(bytes.subarray(position), content);
      else position += this.#takeLine(bytes.subarray(position));
    }
    return position;
  }

  #takeData(bytes: Uint8Array, content: Uint8Array[]): number {
    const count = Math.min(bytes.length, this.#left);
    content.push(bytes.subarray(0, count));
    this.#left -= count;
    if (this.#left === 0) this.#phase = 'data-end';
    return count;
  }

  /** @returns how many bytes are of the present line */
  #takeLine(bytes: Uint8Array): number {
    const before = this.#line.length;
    const room = this.#longestLine - before;
    const end = bytes.subarray(0, room).indexOf(LF);
    const count = end < 0 ? Math.min(bytes.length, room) : end + 1;
    const line = before === 0 ? bytes.subarray(0, count) : joined(this.#line, bytes.subarray(0, count));
    if (end >= 0) {
      this.#line = new Uint8Array(0);
      this.#judge(line);
    } else if (count === room) {
      throw this.#tooLong();
    } else {
      // A copy: the piece that it is a part of may be large.
      this.#line = line.slice();
    }
    return count;
  }

  get #longestLine(): number {
    if (this.#phase === 'size') return r.MAX_CHUNK_LINE_BYTES;
    if (this.#phase === 'data-end') return LINE_BREAK_BYTES;
    return Math.max(1, this.#limits.maxTrailerBytes - this.#trailerBytes);
  }

  #tooLong(): HttpProblem {
    if (this.#phase === 'size') return refusal(400, r.REASON_CHUNK_EXTENSION);
    if (this.#phase === 'data-end') return refusal(400, r.REASON_CHUNK_END);
    return refusal(431, r.REASON_TRAILERS_TOO_LARGE);
  }

  /** @param line with its LF */
  #judge(line: Uint8Array): void {
    if (this.#phase === 'size') this.#judgeSize(line);
    else if (this.#phase === 'trailers') this.#judgeTrailer(line);
    else if (line.length === LINE_BREAK_BYTES && line[0] === CR) this.#phase = 'size';
    else throw refusal(400, r.REASON_CHUNK_END);
  }

  #judgeSize(line: Uint8Array): void {
    const lineEnd = line.length - 1;
    const room = this.#limits.maxBytes - this.#contentBytes;
    let position = 0;
    let size = 0;
    for (;;) {
      const digit = HEX_VALUES[line[position] as number] as number;
      if (digit > 15) break;
      if (size <= room) size = size * 16 + digit;
      position++;
    }
    if (position === 0) throw refusal(400, r.REASON_CHUNK_SIZE);
    if (line[position] !== CR || position + 1 !== lineEnd) {
      const fault = extensionsFault(line, position, lineEnd);
      if (fault !== r.REASON_NONE) throw refusal(400, fault);
    }
    if (size > room) throw refusal(413, r.REASON_BODY_TOO_LARGE);
    this.#framingBytes += line.length + LINE_BREAK_BYTES;
    const most = r.CHUNK_OVERHEAD_FREE_BYTES + r.CHUNK_OVERHEAD_PER_BYTE * this.#contentBytes;
    if (this.#framingBytes > most) throw refusal(413, r.REASON_CHUNK_OVERHEAD);
    this.#contentBytes += size;
    this.#left = size;
    this.#phase = size === 0 ? 'trailers' : 'data';
  }

  #judgeTrailer(line: Uint8Array): void {
    this.#trailerBytes += line.length;
    if (line.length === LINE_BREAK_BYTES && line[0] === CR) this.#phase = 'complete';
    else if (!isFieldLine(line)) throw refusal(400, r.REASON_TRAILER);
  }
}

/** A name, a colon and a value (RFC 9112, section 5). @param line with its LF */
function isFieldLine(line: Uint8Array): boolean {
  const colon = skip(line, 0, TOKEN);
  if (colon === 0 || line[colon] !== COLON) return false;
  const end = skip(line, colon + 1, VALUE);
  return line[end] === CR && end + LINE_BREAK_BYTES === line.length;
}

/** @returns the first byte from `from` on that is not of the class. The LF is of none */
function skip(line: Uint8Array, from: number, characterClass: number): number {
  let position = from;
  while (((CLASSES[line[position] as number] as number) & characterClass) !== 0) position++;
  return position;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function refusal(status: number, reason: number): HttpProblem {
  return new HttpProblem(status, reasonSentence(reason));
}
