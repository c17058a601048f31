/**
 * The state that the parts of the JS core share while one request is parsed: the bytes, the limits, the
 * record, and the three ways in which a part can end the parse. Made once per JsCore, used by its thread
 * alone.
 */

import * as r from '../../../../assembly/record.ts';
import { LF } from '../characters.ts';
import type { CoreOptions, ParseLimits } from '../core.ts';

/** Returned in place of a position when the record holds the answer already. */
export const ANSWERED = -1;

export class ParseState {
  readonly bytes: Uint8Array;
  /** The same memory, of which V8 reads four bytes at any address with one load. See four-bytes.ts. */
  readonly view: DataView;
  readonly record: Int32Array;
  readonly limits: ParseLimits;
  /** First byte of the request, and the first byte that is not there. */
  base = 0;
  end = 0;
  /** Bit 1 << number of each well-known header seen once, and of each seen again. */
  seen = 0;
  repeated = 0;
  headerCount = 0;
  /** The path of this request has percent-encodings. */
  encodedPath = false;

  constructor(options: CoreOptions) {
    this.bytes = new Uint8Array(options.memory.buffer);
    this.view = new DataView(options.memory.buffer);
    this.record = new Int32Array(options.memory.buffer, options.regionAddress, r.RECORD_WORDS);
    this.record.fill(0);
    this.limits = options.limits;
  }

  /** Position of the first LF in [from, stop), or -1. */
  indexOfLf(from: number, stop: number): number {
    const bytes = this.bytes;
    for (let i = from; i < stop; i++) if (bytes[i] === LF) return i;
    return -1;
  }

  /** Zeroes STATUS to DECODED and the flags. Single stores beat a fill of so few. */
  clearAnswer(): void {
    const record = this.record;
    record[r.STATUS] = 0;
    record[r.CONSUMED] = 0;
    record[r.MISSING] = 0;
    record[r.ERROR_STATUS] = 0;
    record[r.ERROR_REASON] = 0;
    record[r.PHASE] = 0;
    record[r.LINE_START] = 0;
    record[r.SCANNED] = 0;
    record[r.DECODED] = 0;
    record[r.FLAGS] = 0;
  }

  /** No field was seen yet. */
  forgetFields(): void {
    const record = this.record;
    for (let word = r.WELL_KNOWN; word < r.HEADERS; word++) record[word] = 0;
    this.seen = 0;
    this.repeated = 0;
    this.headerCount = 0;
  }

  /** The request is refused. Nothing of it remains in the record, so the answer never depends on splits. */
  fail(status: number, reason: number): typeof ANSWERED {
    const record = this.record;
    record.fill(0, r.STATUS, r.HEADERS);
    record[r.STATUS] = r.PARSE_ERROR;
    record[r.ERROR_STATUS] = status;
    record[r.ERROR_REASON] = reason;
    return ANSWERED;
  }

  /** More bytes are needed. Notes where to go on: `place` is a position, the others are counts. */
  need(phase: number, place: number, remembered: number, missing = 0): typeof ANSWERED {
    const record = this.record;
    record[r.STATUS] = r.PARSE_NEED;
    record[r.MISSING] = missing;
    record[r.PHASE] = phase;
    record[r.LINE_START] = place - this.base;
    record[r.SCANNED] = this.end - this.base;
    record[r.DECODED] = remembered;
    return ANSWERED;
  }

  /** Like `need`, for an incomplete head: nothing of it remains in the record. */
  needHead(phase: number, place: number, remembered: number): typeof ANSWERED {
    this.record.fill(0, r.METHOD, r.HEADERS);
    return this.need(phase, place, remembered);
  }
}
