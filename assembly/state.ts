// biome-ignore-all lint/complexity/noStaticOnlyClass: AssemblyScript inlines static methods that are marked
/**
 * The state that the parts of the core share while one request is parsed: its bytes, the limits, the record,
 * and the ways in which a part can end the parse. Globals of a WebAssembly instance belong to it alone, so
 * every worker has its own, although all instances share one memory.
 */

import * as r from './record';

/** Returned in place of a position when the record holds the answer already. No request lies that low. */
export const ANSWERED: usize = 0;

/** Region of this instance: the record, then what `configure` lays out behind it. */
export let record: usize = 0;
export let maxHeaderBytes: i32 = 0;
export let maxTargetBytes: i32 = 0;
export let maxBodyBytes: i32 = 0;

/** First byte of the request, the first byte that is not there, and the last place of a whole block. */
export let base: usize = 0;
export let end: usize = 0;
export let lastBlock: usize = 0;

export function setRegion(address: usize, headerBytes: i32, targetBytes: i32, bodyBytes: i32): void {
  record = address;
  maxHeaderBytes = headerBytes;
  maxTargetBytes = targetBytes;
  maxBodyBytes = bodyBytes;
}

/** At least sixteen bytes must be readable from `first`, even if fewer are there. */
export function setRequest(first: usize, length: usize): void {
  base = first;
  end = first + length;
  lastBlock = length < 16 ? first : first + length - 16;
}

export class Word {
  @inline static get(word: i32): i32 {
    return load<i32>(record + ((<usize>word) << 2));
  }

  @inline static set(word: i32, value: i32): void {
    store<i32>(record + ((<usize>word) << 2), value);
  }

  /** A position in memory becomes a byte offset in the request. */
  @inline static setPosition(word: i32, position: usize): void {
    Word.set(word, <i32>(position - base));
  }
}

/** Zeroes the answer and the resume words, STATUS to DECODED, and the flags. Small stores beat a fill. */
export function clearAnswer(): void {
  v128.store(record, i32x4.splat(0));
  v128.store(record + 16, i32x4.splat(0));
  Word.set(r.DECODED, 0);
  Word.set(r.FLAGS, 0);
}

/** Zeroes the words [first, stop). Off the hot path. */
export function clearWords(first: i32, stop: i32): void {
  memory.fill(record + ((<usize>first) << 2), 0, (<usize>(stop - first)) << 2);
}

/** The request is refused. Nothing of it remains in the record, so the answer never depends on splits. */
export function fail(status: i32, reason: i32): usize {
  clearWords(r.STATUS, r.HEADERS);
  Word.set(r.STATUS, r.PARSE_ERROR);
  Word.set(r.ERROR_STATUS, status);
  Word.set(r.ERROR_REASON, reason);
  return ANSWERED;
}

/** More bytes are needed. Notes where to go on: `place` is a position, the others are counts. */
export function need(phase: i32, place: usize, remembered: i32, missing: i32): usize {
  Word.set(r.STATUS, r.PARSE_NEED);
  Word.set(r.MISSING, missing);
  Word.set(r.PHASE, phase);
  Word.setPosition(r.LINE_START, place);
  Word.setPosition(r.SCANNED, end);
  Word.set(r.DECODED, remembered);
  return ANSWERED;
}

/** Like `need`, for an incomplete head: nothing of it remains in the record. */
export function needWithoutHead(phase: i32, place: usize, remembered: i32, missing: i32): usize {
  clearWords(r.METHOD, r.HEADERS);
  return need(phase, place, remembered, missing);
}
