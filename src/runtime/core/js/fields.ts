/**
 * Field lines in plain TypeScript (RFC 9112, section 5). One line is checked, entered in the header table
 * and, if its name is well-known, under its number. Trailers are checked by the same code.
 */

import * as r from '../../../../assembly/record.ts';
import { CLASSES, CR, LF, SPACE, TAB, TOKEN, VALUE } from '../characters.ts';
import { NAME_NUMBERS, nameSlot, WELL_KNOWN_HEADERS } from '../well-known-headers.ts';
import type { ParseState } from './state.ts';

const COLON = 0x3a;

/**
 * Checks the line at `start` and enters it as field number `index`.
 * @returns the first byte after the line. If the line is wrong or incomplete, the negated position of the
 *   byte that shows it. A position is never 0, because no connection gets low memory.
 */
export function parseField(state: ParseState, start: number, index: number): number {
  const { bytes, end } = state;
  const classes = CLASSES;
  let position = start;
  while (position < end && ((classes[bytes[position] as number] as number) & TOKEN) !== 0) position++;
  if (position === start || position >= end || bytes[position] !== COLON) return -position;
  const nameLength = position - start;
  position++;
  while (position < end && (bytes[position] === SPACE || bytes[position] === TAB)) position++;
  const value = position;
  position = skipValue(state, value, end);
  if (position + 1 >= end || bytes[position] !== CR || bytes[position + 1] !== LF) return -position;
  let valueEnd = position;
  while (valueEnd > value && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;
  if (index < r.MAX_HEADERS) enter(state, index, start, nameLength, value, valueEnd - value);
  return position + 2;
}

/**
 * The first byte from `from` on that does not stand in a field value, or `end`. It reads four bytes at a time
 * as long as they are printable ASCII. In each byte, bit 7 of one of the three terms is set for a value below
 * 0x20, for 0x7f and above. A carry can also set it for the byte above such a one, so the table decides about
 * those.
 */
function skipValue(state: ParseState, from: number, end: number): number {
  const { bytes, words } = state;
  const classes = CLASSES;
  let position = from;
  for (;;) {
    while ((position & 3) !== 0) {
      if (position >= end || ((classes[bytes[position] as number] as number) & VALUE) === 0) return position;
      position++;
    }
    let word = position >> 2;
    const lastWord = (end >> 2) - 1;
    while (word <= lastWord) {
      const four = words[word] as number;
      if ((((four - 0x20202020) | (four + 0x01010101) | four) & 0x80808080) !== 0) break;
      word++;
    }
    position = word << 2;
    if (position >= end || ((classes[bytes[position] as number] as number) & VALUE) === 0) return position;
    position++;
  }
}

function enter(
  state: ParseState,
  index: number,
  name: number,
  nameLength: number,
  value: number,
  valueLength: number,
): void {
  const { record, base } = state;
  const entry = r.HEADERS + index * r.HEADER_WORDS;
  record[entry] = name - base;
  record[entry + 1] = nameLength;
  record[entry + 2] = value - base;
  record[entry + 3] = valueLength;
  const number = recognize(state.bytes, name, nameLength);
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

const LENGTHS: readonly number[] = [...WELL_KNOWN_HEADERS.map((name) => name.length), 0];
const NAME_BYTES = Math.max(...LENGTHS);
/** The names, NAME_BYTES for each. */
const CODES = Uint8Array.from(
  Buffer.from(WELL_KNOWN_HEADERS.map((name) => name.padEnd(NAME_BYTES)).join('')),
);

/** The HEADER_ number of the name, or -1. Bit 0x20 makes no other token character a letter or "-". */
function recognize(bytes: Uint8Array, start: number, length: number): number {
  const slot = nameSlot(bytes[start] as number, bytes[start + length - 1] as number, length);
  const number = NAME_NUMBERS[slot] as number;
  if (LENGTHS[number] !== length) return -1;
  const name = number * NAME_BYTES;
  for (let i = 0; i < length; i++) {
    if (((bytes[start + i] as number) | 0x20) !== CODES[name + i]) return -1;
  }
  return number;
}
