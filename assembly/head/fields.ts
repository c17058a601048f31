// biome-ignore-all lint/complexity/noStaticOnlyClass: AssemblyScript inlines static methods that are marked
/**
 * Field lines (RFC 9112, section 5). One line is checked, entered in the header table and, if its name is
 * well-known, under its number. Trailers are checked by the same code. A request with many headers spends its
 * time here.
 */

import {
  CASE_BITS,
  COLON,
  CR,
  EXCESSES,
  HIGH_HALVES,
  LF,
  LOW_HALF_MASKS,
  ONES,
  SPACE,
  TAB,
  TOKEN_HALVES,
} from '../bytes/characters';
import { isSpace, Stops, skipClass, skipValue } from '../bytes/scan';
import * as r from '../record';
import { base, end, record, Word } from '../state';
import { Name, numberOf } from './well-known';

const CRLF: u16 = 0x0a0d;
const COLON_SPACE: u16 = 0x203a;

/** Bit 1 << number of each well-known header that was seen again. WELL_KNOWN says which were seen once. */
export let repeated: u32 = 0;
/** Where `parseField` stopped in a line that is wrong or incomplete. */
export let stoppedAt: usize = 0;

export function forgetFields(): void {
  repeated = 0;
  const none = i32x4.splat(0);
  v128.store(record, none, 4 * r.WELL_KNOWN);
  v128.store(record, none, 4 * r.WELL_KNOWN + 16);
  v128.store(record, none, 4 * r.WELL_KNOWN + 32);
  v128.store(record, none, 4 * r.WELL_KNOWN + 48);
  v128.store(record, none, 4 * r.WELL_KNOWN + 64);
  v128.store(record, none, 4 * r.WELL_KNOWN + 80);
  v128.store(record, none, 4 * r.WELL_KNOWN + 96);
  v128.store(record, none, 4 * r.WELL_KNOWN + 112);
}

/**
 * A field line as nearly every client writes it: a name, ": ", a value of printable ASCII without white space
 * around it. Inlined into the loop over a header section (index.ts). Each check that such a line does not
 * need is in `parseField`, which parses any line.
 */
export class PlainLine {
  /** @returns the first byte after the line, or 0 if the line is of another kind, wrong or incomplete */
  @inline static parse(start: usize, index: i32, end: usize, lastBlock: usize): usize {
    if (start > lastBlock) return 0;
    if (index >= r.MAX_HEADERS) return 0;
    const block = v128.load(start);
    const nameStops = Stops.outside(
      block,
      v128.load(TOKEN_HALVES),
      v128.load(HIGH_HALVES),
      v128.load(LOW_HALF_MASKS),
    );
    if (nameStops & 1) return 0;
    const colon = nameStops ? start + ctz(nameStops) : skipClass(start + 16, TOKEN_HALVES);
    const value = colon + 2;
    if (value >= end) return 0;
    if (load<u16>(colon) !== COLON_SPACE) return 0;
    const ones = v128.load(ONES);
    const excesses = v128.load(EXCESSES);
    let lineEnd = value;
    let stops = 0;
    while (lineEnd <= lastBlock) {
      stops = Stops.unprintable(v128.load(lineEnd), ones, excesses);
      if (stops) break;
      lineEnd += 16;
    }
    if (!stops) {
      if (lineEnd >= end) return 0;
      stops = Stops.unprintable(v128.load(lastBlock), ones, excesses) >>> <i32>(lineEnd - lastBlock);
      if (!stops) return 0;
    }
    lineEnd += ctz(stops);
    const next = lineEnd + 2;
    if (next > end) return 0;
    if (load<u16>(lineEnd) !== CRLF) return 0;
    if (load<u8>(value) <= SPACE) return 0;
    if (load<u8>(lineEnd - 1) <= SPACE) return 0;
    enter(index, start, <i32>(colon - start), value, <i32>(lineEnd - value));
    const number = Name.number(start, colon, v128.or(block, v128.load(CASE_BITS)));
    if (number >= 0) note(number, index);
    return next;
  }
}

/**
 * Checks the line at `start` and enters it as field number `index`, if there is room for that many.
 * @returns the first byte after the line, or 0 if the line is wrong or incomplete
 */
export function parseField(start: usize, index: i32): usize {
  const colon = skipClass(start, TOKEN_HALVES);
  if (colon === start || colon >= end || load<u8>(colon) !== COLON) return stop(colon);
  const value = skipSpaces(colon + 1);
  const lineEnd = skipValue(value);
  if (lineEnd + 2 > end || load<u16>(lineEnd) !== CRLF) return stop(lineEnd);
  if (index < r.MAX_HEADERS) {
    const valueEnd = trimSpaces(value, lineEnd);
    enter(index, start, <i32>(colon - start), value, <i32>(valueEnd - value));
    const number = numberOf(start, <i32>(colon - start));
    if (number >= 0) note(number, index);
  }
  return lineEnd + 2;
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
}

/** The field is the first of its well-known name, or one more. */
function note(number: i32, index: i32): void {
  if (Word.get(r.WELL_KNOWN + number)) repeated |= (<u32>1) << number;
  else Word.set(r.WELL_KNOWN + number, index + 1);
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
