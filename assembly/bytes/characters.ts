/**
 * Character classes of RFC 9110, 9112 and 3986, twice: as SIMD nibble tables for the hot paths, and as a
 * table of bits for the cold ones. src/runtime/core/characters.ts defines the same classes from their
 * grammar. A test holds the two together for all 256 bytes.
 *
 * A nibble table has one byte for each low half of a character, and in it one bit for each high half from 0
 * to 7. A byte belongs to the class when the bit of its high half is set in the byte of its low half. So two
 * swizzles and one AND judge sixteen bytes. Bytes above 0x7f have no bit: they belong to none of the classes.
 *
 * All tables lie in memory, even those that could be v128 constants. V8 builds such a constant from three or
 * four instructions at each use, even inside a loop. It keeps a loaded table in a register.
 */

// biome-ignore-start format: a table of sixteen is a line

/** Bit of each high half. */
export const HIGH_HALVES: usize = memory.data<u8>([1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0], 16);
/** tchar (RFC 9110, section 5.6.2). */
export const TOKEN_HALVES: usize = memory.data<u8>(
  [232, 252, 248, 252, 252, 252, 252, 252, 248, 248, 244, 84, 208, 84, 244, 112],
  16,
);
/** Characters that stand in a path unencoded. See PATH in the TypeScript characters.ts. */
export const PATH_HALVES: usize = memory.data<u8>(
  [184, 252, 248, 248, 252, 248, 252, 252, 252, 252, 252, 124, 212, 124, 244, 116],
  16,
);
/** Characters that stand in a query unencoded. See QUERY there. */
export const QUERY_HALVES: usize = memory.data<u8>(
  [248, 252, 248, 248, 252, 248, 252, 252, 252, 252, 252, 252, 244, 252, 244, 124],
  16,
);
/** Characters that stand in a host name unencoded (RFC 3986, section 3.2.2). */
export const HOST_HALVES: usize = memory.data<u8>(
  [168, 252, 248, 248, 252, 248, 252, 252, 252, 252, 244, 92, 84, 92, 212, 112],
  16,
);

// One byte sixteen times.
export const LOW_HALF_MASKS: usize = memory.data<u8>(
  [0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f],
  16,
);
export const LAST_CONTROLS: usize = memory.data<u8>(
  [0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f],
  16,
);
export const DELETES: usize = memory.data<u8>(
  [0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f],
  16,
);
export const ONES: usize = memory.data<u8>([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 16);
export const EXCESSES: usize = memory.data<u8>(
  [0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21],
  16,
);
export const CASE_BITS: usize = memory.data<u8>(
  [0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20],
  16,
);

// biome-ignore-end format: a table of sixteen is a line

export const TAB: u8 = 0x09;
export const LF: u8 = 0x0a;
export const CR: u8 = 0x0d;
export const SPACE: u8 = 0x20;
export const QUOTE: u8 = 0x22;
export const PERCENT: u8 = 0x25;
export const ASTERISK: u8 = 0x2a;
export const COMMA: u8 = 0x2c;
export const DOT: u8 = 0x2e;
export const SLASH: u8 = 0x2f;
export const COLON: u8 = 0x3a;
export const SEMICOLON: u8 = 0x3b;
export const EQUALS: u8 = 0x3d;
export const QUESTION_MARK: u8 = 0x3f;
export const OPENING_BRACKET: u8 = 0x5b;
export const BACKSLASH: u8 = 0x5c;
export const CLOSING_BRACKET: u8 = 0x5d;

// Bits of CLASSES.
export const TOKEN: u8 = 1;
export const PATH: u8 = 2;
export const QUERY: u8 = 4;
export const VALUE: u8 = 8;
export const HOST: u8 = 16;
export const DIGIT: u8 = 32;
export const HEX: u8 = 64;
export const UNRESERVED: u8 = 128;

// biome-ignore format: sixteen a row, so that a row is a high half
const CLASSES: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  8, 31, 8, 9, 31, 9, 31, 31, 30, 30, 31, 31, 30, 159, 159, 14,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 14, 30, 8, 30, 8, 12,
  14, 223, 223, 223, 223, 223, 223, 159, 159, 159, 159, 159, 159, 159, 159, 159,
  159, 159, 159, 159, 159, 159, 159, 159, 159, 159, 159, 14, 12, 14, 15, 159,
  13, 223, 223, 223, 223, 223, 223, 159, 159, 159, 159, 159, 159, 159, 159, 159,
  159, 159, 159, 159, 159, 159, 159, 159, 159, 159, 159, 12, 15, 12, 159, 0,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
]);

// biome-ignore format: as above
const HEX_VALUES: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255,
  255, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
]);

/** The classes of a byte, as a sum of bits. */
export function classesOf(byte: u8): u8 {
  return load<u8>(CLASSES + byte);
}

/** The value of a hexadecimal digit, 255 for any other byte. */
export function hexValue(byte: u8): u8 {
  return load<u8>(HEX_VALUES + byte);
}
