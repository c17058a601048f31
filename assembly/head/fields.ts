// biome-ignore-all lint/complexity/noStaticOnlyClass: AssemblyScript inlines static methods that are marked
/**
 * Field lines (RFC 9112, section 5). One line is checked, entered in the header table and, if its name is
 * well-known, under its number. Trailers are checked by the same code. A request with many headers spends its
 * time here.
 */

import {
  COLON,
  CR,
  DELETES,
  HIGH_HALVES,
  LAST_CONTROLS,
  LF,
  LOW_HALF_MASKS,
  SPACE,
  TAB,
  TOKEN_HALVES,
} from '../bytes/characters';
import { isSpace, Stops, skipClass, skipValue } from '../bytes/scan';
import * as r from '../record';
import { base, end, lastBlock, record, Word } from '../state';
import { recognizeName } from './well-known';

const CRLF: u16 = 0x0a0d;

/** Bit 1 << number of each well-known header seen once, and of each seen again. */
export let seen: u32 = 0;
export let repeated: u32 = 0;
/** Where `parseField` stopped in a line that is wrong or incomplete. */
export let stoppedAt: usize = 0;

export function forgetFields(): void {
  seen = 0;
  repeated = 0;
  for (let word = r.WELL_KNOWN; word < r.HEADERS; word += 4) {
    v128.store(record + ((<usize>word) << 2), i32x4.splat(0));
  }
}

/**
 * Checks the line at `start` and enters it as field number `index`, if there is room for that many.
 * @returns the first byte after the line, or 0 if the line is wrong or incomplete
 */
export function parseField(start: usize, index: i32): usize {
  return FieldLine.parse(start, index, end, lastBlock);
}

/** Inlined into the loop over a header section (index.ts), where a call for each line would cost too much. */
export class FieldLine {
  @inline static parse(start: usize, index: i32, end: usize, lastBlock: usize): usize {
    let colon = start;
    if (start <= lastBlock) {
      const stops = Stops.outside(
        start,
        v128.load(TOKEN_HALVES),
        v128.load(HIGH_HALVES),
        v128.load(LOW_HALF_MASKS),
      );
      colon = stops ? start + ctz(stops) : skipClass(start + 16, TOKEN_HALVES);
    } else {
      colon = skipClass(start, TOKEN_HALVES);
    }
    if (colon === start || colon >= end || load<u8>(colon) !== COLON) return stop(colon);
    // Usually there is one space. Other white space is looked for only if there is any.
    let value = colon + 1;
    if (value < end && load<u8>(value) === SPACE) value++;
    if (value < end && load<u8>(value) <= SPACE) value = skipSpaces(value);
    let lineEnd = value;
    const lastControl = v128.load(LAST_CONTROLS);
    const deletes = v128.load(DELETES);
    let stops = 0;
    while (lineEnd <= lastBlock) {
      stops = Stops.control(lineEnd, lastControl, deletes);
      if (stops) break;
      lineEnd += 16;
    }
    lineEnd = stops ? lineEnd + ctz(stops) : skipValue(lineEnd);
    if (lineEnd + 2 > end || load<u16>(lineEnd) !== CRLF) {
      lineEnd = skipValue(lineEnd);
      if (lineEnd + 2 > end || load<u16>(lineEnd) !== CRLF) return stop(lineEnd);
    }
    let valueEnd = lineEnd;
    if (load<u8>(valueEnd - 1) <= SPACE) valueEnd = trimSpaces(value, valueEnd);
    if (index < r.MAX_HEADERS) enter(index, start, <i32>(colon - start), value, <i32>(valueEnd - value));
    return lineEnd + 2;
  }
}

function skipSpaces(from: usize): usize {
  let at = from;
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

function trimSpaces(value: usize, stop: usize): usize {
  let at = stop;
  while (at > value && isSpace(load<u8>(at - 1))) at--;
  return at;
}

function stop(at: usize): usize {
  stoppedAt = at;
  return 0;
}

function enter(index: i32, name: usize, nameLength: i32, value: usize, valueLength: i32): void {
  const entry = record + ((<usize>(r.HEADERS + index * r.HEADER_WORDS)) << 2);
  store<i32>(entry, <i32>(name - base));
  store<i32>(entry, nameLength, 4);
  store<i32>(entry, <i32>(value - base), 8);
  store<i32>(entry, valueLength, 12);
  const number = recognizeName(name, nameLength);
  if (number < 0) return;
  const bit: u32 = (<u32>1) << number;
  if (seen & bit) {
    repeated |= bit;
    return;
  }
  seen |= bit;
  Word.set(r.WELL_KNOWN + number, index + 1);
}

/** What is wrong with the line in which `parseField` stopped. The line is complete. */
export function fieldFault(start: usize): i32 {
  const byte = load<u8>(stoppedAt);
  if (stoppedAt === start && (byte === SPACE || byte === TAB)) return r.REASON_OBSOLETE_FOLD;
  if (byte === LF) return r.REASON_LINE_END;
  if (byte === CR && load<u8>(stoppedAt + 1) !== LF) return r.REASON_LINE_END;
  for (let at = start; at < stoppedAt; at++) if (load<u8>(at) === COLON) return r.REASON_HEADER_VALUE;
  return r.REASON_HEADER_NAME;
}
