/**
 * Field lines in plain TypeScript (RFC 9112, section 5). One line is checked, entered in the header table
 * and, if its name is well-known, under its number. Trailers are checked by the same code.
 */

import * as r from '../../../../assembly/record.ts';
import { CLASSES, CR, LF, SPACE, TAB, TOKEN, VALUE } from '../characters.ts';
import { NAME_NUMBERS, nameSlot, WELL_KNOWN_HEADERS } from '../well-known-headers.ts';
import { bytesBefore, FOUR_COLONS, LINE_END, marksOf, marksOfUnprintable } from './four-bytes.ts';
import type { ParseState } from './state.ts';

const COLON = 0x3a;

/**
 * Checks the line at `start` and enters it as field number `index`.
 * @returns the first byte after the line. If the line is wrong or incomplete, the negated position of the
 *   byte that shows it. A position is never 0, because no connection gets low memory.
 */
export function parseField(state: ParseState, start: number, index: number): number {
  const next = parsePlainField(state, start, index);
  return next === NOT_PLAIN ? parseAnyField(state, start, index) : next;
}

/** No position, see `parseField`. */
const NOT_PLAIN = 0;

/**
 * A line as most are: one space before the value and none after it, printable ASCII alone, and four bytes
 * more after its CR. It refuses nothing.
 * @returns the first byte after the line, or NOT_PLAIN
 */
function parsePlainField(state: ParseState, start: number, index: number): number {
  const { view, end } = state;
  const lastFour = end - 4;
  let position = start;
  let marks = 0;
  for (; position <= lastFour; position = (position + 4) | 0) {
    marks = marksOf(view.getInt32(position, true), FOUR_COLONS);
    if (marks !== 0) break;
  }
  if (marks === 0) return NOT_PLAIN;
  const colon = (position + bytesBefore(marks)) | 0;
  const nameLength = (colon - start) | 0;
  if (nameLength === 0) return NOT_PLAIN;
  const value = (colon + 2) | 0;
  if (value > lastFour || view.getInt8(colon + 1) !== SPACE || view.getInt8(value) === SPACE)
    return NOT_PLAIN;
  const number = recognize(view, start, nameLength);
  if (number < 0 && skipToken(state.bytes, start, colon) !== colon) return NOT_PLAIN;
  position = value;
  marks = 0;
  for (; position <= lastFour; position = (position + 4) | 0) {
    marks = marksOfUnprintable(view.getInt32(position, true));
    if (marks !== 0) break;
  }
  if (marks === 0) return NOT_PLAIN;
  position = (position + bytesBefore(marks)) | 0;
  if (position + 2 > end || view.getInt16(position, true) !== LINE_END) return NOT_PLAIN;
  if (view.getInt8(position - 1) === SPACE) return NOT_PLAIN;
  if (index < r.MAX_HEADERS) enter(state, index, start, nameLength, value, position - value, number);
  return position + 2;
}

/** Any line, byte by byte. Returns what `parseField` does. */
function parseAnyField(state: ParseState, start: number, index: number): number {
  const { bytes, view, end } = state;
  let position = skipToken(bytes, start, end);
  if (position === start || position >= end || bytes[position] !== COLON) return -position;
  const nameLength = position - start;
  position++;
  while (position < end && (bytes[position] === SPACE || bytes[position] === TAB)) position++;
  const value = position;
  const classes = CLASSES;
  while (position < end && ((classes[bytes[position] as number] as number) & VALUE) !== 0) position++;
  if (position + 1 >= end || bytes[position] !== CR || bytes[position + 1] !== LF) return -position;
  let valueEnd = position;
  while (valueEnd > value && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;
  if (index < r.MAX_HEADERS) {
    const number = recognize(view, start, nameLength);
    enter(state, index, start, nameLength, value, valueEnd - value, number);
  }
  return position + 2;
}

/** The first byte from `from` on that no token has, or `stop`. */
function skipToken(bytes: Uint8Array, from: number, stop: number): number {
  const classes = CLASSES;
  let position = from;
  while (position < stop && ((classes[bytes[position] as number] as number) & TOKEN) !== 0) position++;
  return position;
}

function enter(
  state: ParseState,
  index: number,
  name: number,
  nameLength: number,
  value: number,
  valueLength: number,
  number: number,
): void {
  const { record, base } = state;
  const entry = r.HEADERS + index * r.HEADER_WORDS;
  record[entry] = name - base;
  record[entry + 1] = nameLength;
  record[entry + 2] = value - base;
  record[entry + 3] = valueLength;
  if (number < 0) return;
  const bit = 1 << number;
  if ((state.seen & bit) === 0) {
    state.seen |= bit;
    record[r.WELL_KNOWN + number] = index + 1;
  } else {
    state.repeated |= bit;
  }
}

/** What is wrong with the line in which `parseField` stopped at `position`. The line is complete. */
export function fieldFault(bytes: Uint8Array, start: number, position: number): number {
  const byte = bytes[position];
  if (position === start && (byte === SPACE || byte === TAB)) return r.REASON_OBSOLETE_FOLD;
  if (byte === LF) return r.REASON_LINE_END;
  if (byte === CR && bytes[position + 1] !== LF) return r.REASON_LINE_END;
  for (let i = start; i < position; i++) if (bytes[i] === COLON) return r.REASON_HEADER_VALUE;
  return r.REASON_HEADER_NAME;
}

const WORDS = Math.ceil(Math.max(...WELL_KNOWN_HEADERS.map((name) => name.length)) / 4);
const ENTRY_WORDS = 1 + 2 * WORDS;
/**
 * For each well-known name its length, WORDS of it in lower case, and WORDS of the bits that its letters lack
 * in upper case. One entry more is for what no name is: nothing has its length.
 */
const NAMES = nameTable();

function nameTable(): Int32Array {
  const table = new Int32Array((WELL_KNOWN_HEADERS.length + 1) * ENTRY_WORDS).fill(-1);
  const bytes = Buffer.from(table.buffer);
  for (const [number, name] of WELL_KNOWN_HEADERS.entries()) {
    const entry = number * ENTRY_WORDS;
    table.fill(0, entry, entry + ENTRY_WORDS);
    table[entry] = name.length;
    bytes.write(name, 4 * (entry + 1));
    for (const [index, character] of [...name].entries()) {
      if (character >= 'a' && character <= 'z') bytes[4 * (entry + 1 + WORDS) + index] = 0x20;
    }
  }
  return table;
}

/** The HEADER_ number of the name, or -1. Three more bytes follow it: a colon, and at least the line end. */
function recognize(view: DataView, start: number, length: number): number {
  const slot = nameSlot(view.getUint8(start), view.getUint8(start + length - 1), length);
  const number = NAME_NUMBERS[slot] as number;
  const names = NAMES;
  let word = number * ENTRY_WORDS;
  if (names[word] !== length) return -1;
  word++;
  let position = start;
  let left = length;
  for (; left >= 4; left -= 4) {
    if ((view.getInt32(position, true) | (names[word + WORDS] as number)) !== names[word]) return -1;
    position = (position + 4) | 0;
    word++;
  }
  if (left === 0) return number;
  const rest = view.getInt32(position, true) & (-1 >>> (32 - 8 * left));
  return (rest | (names[word + WORDS] as number)) === names[word] ? number : -1;
}
