/**
 * uri-host and port as RFC 3986 (section 3.2) spells them: a name, an IPv4 address (which is spelt like a
 * name), or an IPv6 or future address in brackets. Used for the Host header and the two target forms with an
 * authority.
 */

import { CLASSES, DIGIT, HEX, HOST, PERCENT } from '../characters.ts';

const COLON = 0x3a;
const DOT = 0x2e;

/** Bytes of the host that [start, end) begins with: 0 for none, -1 for a malformed address in brackets. */
export function hostLength(bytes: Uint8Array, start: number, end: number): number {
  if (start < end && bytes[start] === 0x5b) return addressLiteralLength(bytes, start, end);
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (((CLASSES[byte] as number) & HOST) !== 0) {
      position++;
    } else if (
      byte === PERCENT &&
      position + 2 < end &&
      isHex(bytes, position + 1) &&
      isHex(bytes, position + 2)
    ) {
      position += 3;
    } else {
      break;
    }
  }
  return position - start;
}

/** Bytes of the ":" and port at `start`: 0 for none, -1 for a port above 65535. The port may be empty. */
export function portLength(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== COLON) return 0;
  let position = start + 1;
  let port = 0;
  while (position < end && ((CLASSES[bytes[position] as number] as number) & DIGIT) !== 0) {
    port = port * 10 + (bytes[position] as number) - 0x30;
    if (port > 65535) return -1;
    position++;
  }
  return position - start;
}

function isHex(bytes: Uint8Array, position: number): boolean {
  return ((CLASSES[bytes[position] as number] as number) & HEX) !== 0;
}

/** "[" IPv6address or IPvFuture "]". */
function addressLiteralLength(bytes: Uint8Array, start: number, end: number): number {
  let close = start + 1;
  while (close < end && bytes[close] !== 0x5d) close++;
  if (close === end) return -1;
  const inner = start + 1;
  const valid =
    ((bytes[inner] as number) | 0x20) === 0x76 ? isFuture(bytes, inner, close) : isIPv6(bytes, inner, close);
  return valid ? close + 1 - start : -1;
}

/** "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
function isFuture(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start + 1;
  while (position < end && isHex(bytes, position)) position++;
  if (position === start + 1 || position + 1 >= end || bytes[position] !== DOT) return false;
  for (position++; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte !== COLON && ((CLASSES[byte] as number) & HOST) === 0) return false;
  }
  return true;
}

/**
 * Eight groups of up to four digits. "::" stands once for one or more groups. The last two may be an IPv4
 * address.
 */
function isIPv6(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  let groups = 0;
  let elided = false;
  if (position + 1 < end && bytes[position] === COLON && bytes[position + 1] === COLON) {
    elided = true;
    position += 2;
  }
  while (position < end) {
    const group = position;
    while (position < end && isHex(bytes, position)) position++;
    if (position < end && bytes[position] === DOT) {
      if (!isIPv4(bytes, group, end)) return false;
      groups += 2;
      position = end;
      break;
    }
    if (position === group || position - group > 4) return false;
    groups++;
    if (position === end) break;
    if (bytes[position] !== COLON) return false;
    position++;
    if (position === end) return false;
    if (bytes[position] === COLON) {
      if (elided) return false;
      elided = true;
      position++;
    }
  }
  return elided ? groups < 8 : groups === 8;
}

/** Four decimal numbers up to 255, without leading zeros, that fill [start, end). */
function isIPv4(bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (position >= end || bytes[position++] !== DOT)) return false;
    const first = position;
    let value = 0;
    while (
      position < end &&
      position - first < 3 &&
      ((CLASSES[bytes[position] as number] as number) & DIGIT) !== 0
    ) {
      value = value * 10 + (bytes[position++] as number) - 0x30;
    }
    if (position === first || value > 255 || (position - first > 1 && bytes[first] === 0x30)) return false;
  }
  return position === end;
}
