// biome-ignore-all lint/complexity/noStaticOnlyClass: AssemblyScript inlines static methods that are marked
/**
 * Recognises well-known field names. A hash of first letter, last letter and length leaves one candidate, and
 * a comparison of sixteen bytes decides, ignoring case. No branch depends on which name it is, so the order
 * of the fields does not matter. Called once for each field line.
 *
 * wasm-core.ts writes names and hash table into the region. Each name has its colon, so it is equal only to
 * one of its own length. Bit 0x20 of every byte makes letters lower-case. No other token character becomes a
 * letter or "-" by it. A test tries every name.
 */

import {
  NAME_BYTES,
  NAME_SLOTS,
  NAME_SLOTS_OFFSET,
  NAMES_OFFSET,
  SLOTS_FOR_FIRST_LETTER,
  SLOTS_FOR_LAST_LETTER,
  SLOTS_FOR_LENGTH,
} from '../layout';
import { record } from '../state';

export class Name {
  /** NAMES_OFFSET bytes below the well-known name of that number. */
  @inline static at(number: i32): usize {
    return record + <usize>(number * NAME_BYTES);
  }

  /** NAME_SLOTS_OFFSET bytes below the slot of the name before `colon`. */
  @inline static slot(name: usize, colon: usize): usize {
    const letters =
      <u32>load<u8>(name) * SLOTS_FOR_FIRST_LETTER + <u32>load<u8>(colon - 1) * SLOTS_FOR_LAST_LETTER;
    return record + <usize>((letters + <u32>(colon - name) * SLOTS_FOR_LENGTH) & (NAME_SLOTS - 1));
  }

  /**
   * The HEADER_ number of the name before `colon`, or -1.
   * @param block the sixteen bytes from `name` on, in lower case
   */
  @inline static number(name: usize, colon: usize, block: v128): i32 {
    const number = <i32>load<u8>(Name.slot(name, colon), NAME_SLOTS_OFFSET);
    const differences = ~i8x16.bitmask(i8x16.eq(block, v128.load(Name.at(number), NAMES_OFFSET)));
    if (<usize>ctz(differences) > colon - name) return number;
    return ctz(differences) === 16 && isSame(name, colon, Name.at(number)) ? number : -1;
  }
}

/** The HEADER_ number of a name that no block can be read of, or -1. */
export function numberOf(name: usize, length: i32): i32 {
  const colon = name + length;
  const number = <i32>load<u8>(Name.slot(name, colon), NAME_SLOTS_OFFSET);
  return isSame(name, colon, Name.at(number)) ? number : -1;
}

/** Whether the name before `colon` is the one NAMES_OFFSET bytes above `wellKnown`. */
function isSame(name: usize, colon: usize, wellKnown: usize): bool {
  const length = colon - name;
  if (length >= <usize>NAME_BYTES) return false;
  for (let i: usize = 0; i <= length; i++) {
    if ((load<u8>(name + i) | 0x20) !== load<u8>(wellKnown + i, NAMES_OFFSET)) return false;
  }
  return true;
}
