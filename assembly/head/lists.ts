/**
 * Walks comma-separated lists (RFC 9110, section 5.6.1) through all fields of one well-known name, skipping
 * empty members. Transfer-Encoding, Connection and Expect are such lists.
 */

import { COMMA, classesOf, TOKEN } from '../bytes/characters';
import { isSpace } from '../bytes/scan';
import * as r from '../record';
import { base, Word } from '../state';
import { repeated } from './fields';

/** The member that `nextMember` found. */
export let memberStart: usize = 0;
export let memberEnd: usize = 0;

let firstIndex: i32 = 0;
let index: i32 = 0;
let fieldCount: i32 = 0;
let single: bool = true;
let at: usize = 0;
let valueEnd: usize = 0;

/** Begins with the first of `count` fields that has this well-known name. There must be one. */
export function startList(number: i32, count: i32): void {
  firstIndex = Word.get(r.WELL_KNOWN + number) - 1;
  index = firstIndex;
  fieldCount = count;
  single = (repeated & ((<u32>1) << number)) === 0;
  startField();
}

/** False once there are no more members in any of the fields. */
export function nextMember(): bool {
  while (true) {
    while (at < valueEnd) {
      const start = at;
      let comma = at;
      while (comma < valueEnd && load<u8>(comma) !== COMMA) comma++;
      at = comma + 1;
      if (trim(start, comma)) return true;
    }
    if (single || !nextField()) return false;
  }
}

export function isMemberToken(): bool {
  for (let p = memberStart; p < memberEnd; p++) if (!(classesOf(load<u8>(p)) & TOKEN)) return false;
  return true;
}

export function memberLength(): usize {
  return memberEnd - memberStart;
}

function startField(): void {
  at = base + entryWord(index, 2);
  valueEnd = at + entryWord(index, 3);
}

function entryWord(field: i32, word: i32): i32 {
  return Word.get(r.HEADERS + field * r.HEADER_WORDS + word);
}

function trim(from: usize, to: usize): bool {
  let start = from;
  let stop = to;
  while (start < stop && isSpace(load<u8>(start))) start++;
  while (stop > start && isSpace(load<u8>(stop - 1))) stop--;
  memberStart = start;
  memberEnd = stop;
  return start < stop;
}

/** The next field whose name is that of the first, without regard to case. */
function nextField(): bool {
  const name = base + entryWord(firstIndex, 0);
  const nameLength = entryWord(firstIndex, 1);
  for (index++; index < fieldCount; index++) {
    if (entryWord(index, 1) === nameLength && sameName(name, base + entryWord(index, 0), nameLength)) {
      startField();
      return true;
    }
  }
  return false;
}

function sameName(one: usize, other: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    if ((load<u8>(one + i) | 0x20) !== (load<u8>(other + i) | 0x20)) return false;
  }
  return true;
}
