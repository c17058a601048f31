/**
 * The normal form in which paths are matched (RFC 3986, section 6.2.2): unreserved characters plain, the
 * digits of percent-encodings in upper case. The JS core brings requests into it, route-pattern.ts patterns.
 * The WebAssembly core has the same in assembly/routing/router.ts.
 */

import { CLASSES, HEX_VALUES, PERCENT, UNRESERVED } from '../characters.ts';

/**
 * Writes the normal form of a path.
 * @returns its length, which is at most the length of the path
 */
export function normalizePath(from: Uint8Array, start: number, end: number, to: Uint8Array): number {
  let length = 0;
  for (let position = start; position < end; position++) {
    const byte = from[position] as number;
    if (byte !== PERCENT || position + 2 >= end) {
      to[length++] = byte;
      continue;
    }
    const high = from[position + 1] as number;
    const low = from[position + 2] as number;
    const value = ((HEX_VALUES[high] as number) << 4) | (HEX_VALUES[low] as number);
    if (value < 128 && ((CLASSES[value] as number) & UNRESERVED) !== 0) {
      to[length++] = value;
    } else {
      to[length++] = PERCENT;
      to[length++] = upperCase(high);
      to[length++] = upperCase(low);
    }
    position += 2;
  }
  return length;
}

function upperCase(byte: number): number {
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x20 : byte;
}
