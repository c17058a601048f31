/**
 * Searches of four bytes at a time, the most that an integer of JavaScript holds. V8 reads them at any
 * address with one load from a DataView. The results are words in which bit 7 of a byte marks a hit. A carry
 * can also mark bytes above a hit, never below, so the lowest mark is always right.
 */

export const FOUR_COLONS = 0x3a3a3a3a;
/** CR and LF, read as two bytes. */
export const LINE_END = 0x0a0d;

const LOW_BITS = 0x01010101;
const HIGH_BITS = 0x80808080;
const SPACES = 0x20202020;
/** Added to bytes below 0x80, each sets bit 7 from one character on: "a", "{", "-" and ":". */
const FROM_A = 0x1f1f1f1f;
const BEYOND_Z = 0x05050505;
const FROM_HYPHEN = 0x53535353;
const BEYOND_NINE = 0x46464646;

/** Marks the bytes that are equal to the one that `wanted` holds four times. */
export function marksOf(four: number, wanted: number): number {
  const difference = four ^ wanted;
  return (difference - LOW_BITS) & ~difference & HIGH_BITS;
}

/** Marks the bytes that are not printable ASCII: below 0x20, and from 0x7f on. */
export function marksOfUnprintable(four: number): number {
  return ((four - SPACES) | (four + LOW_BITS)) & HIGH_BITS;
}

/** Marks the bytes that are no letter, digit, "-", "." or "/", which stand in every text of a head. */
export function marksOfUncommon(four: number): number {
  const lowerCase = four | SPACES;
  const letters = (lowerCase + FROM_A) & ~(lowerCase + BEYOND_Z);
  const others = (four + FROM_HYPHEN) & ~(four + BEYOND_NINE);
  return (~(letters | others) | four) & HIGH_BITS;
}

/** How many bytes of the word come before the first hit. There is one. */
export function bytesBefore(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}
