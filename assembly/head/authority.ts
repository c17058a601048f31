/**
 * uri-host and port as RFC 3986 (section 3.2) spells them: a name, an IPv4 address (which is spelt like a
 * name), or an IPv6 or future address in brackets. Used for the Host header and the two target forms with an
 * authority.
 */

import {
  CLOSING_BRACKET,
  COLON,
  classesOf,
  DIGIT,
  DOT,
  HEX,
  HOST,
  HOST_HALVES,
  OPENING_BRACKET,
} from '../bytes/characters';
import { isPercentEncoding, skipClass } from '../bytes/scan';

/** Bytes of the host that [start, stop) begins with: 0 for none, -1 for a malformed address in brackets. */
export function hostLength(start: usize, stop: usize): i32 {
  if (start >= stop) return 0;
  if (load<u8>(start) === OPENING_BRACKET) return addressLiteralLength(start, stop);
  let at = min(skipClass(start, HOST_HALVES), stop);
  while (isPercentEncoding(at, stop)) at = at + 3 < stop ? min(skipClass(at + 3, HOST_HALVES), stop) : at + 3;
  return <i32>(at - start);
}

/** Bytes of the ":" and port at `start`: 0 for none, -1 for a port above 65535. The port may be empty. */
export function portLength(start: usize, stop: usize): i32 {
  if (start >= stop || load<u8>(start) !== COLON) return 0;
  let at = start + 1;
  let port = 0;
  while (at < stop && (classesOf(load<u8>(at)) & DIGIT) !== 0) {
    port = port * 10 + load<u8>(at) - 0x30;
    if (port > 65535) return -1;
    at++;
  }
  return <i32>(at - start);
}

function isHex(at: usize): bool {
  return (classesOf(load<u8>(at)) & HEX) !== 0;
}

/** "[" IPv6address or IPvFuture "]". */
function addressLiteralLength(start: usize, stop: usize): i32 {
  const inner = start + 1;
  let close = inner;
  while (close < stop && load<u8>(close) !== CLOSING_BRACKET) close++;
  if (close === stop) return -1;
  const valid = (load<u8>(inner) | 0x20) === 0x76 ? isFuture(inner, close) : isIPv6(inner, close);
  return valid ? <i32>(close + 1 - start) : -1;
}

/** "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
function isFuture(start: usize, stop: usize): bool {
  let at = start + 1;
  while (at < stop && isHex(at)) at++;
  if (at === start + 1 || at + 1 >= stop || load<u8>(at) !== DOT) return false;
  for (at++; at < stop; at++) {
    const byte = load<u8>(at);
    if (byte !== COLON && (classesOf(byte) & HOST) === 0) return false;
  }
  return true;
}

/**
 * Eight groups of up to four digits. "::" stands once for one or more groups. The last two may be an IPv4
 * address.
 */
function isIPv6(start: usize, stop: usize): bool {
  let at = start;
  let groups = 0;
  let elided = false;
  if (at + 1 < stop && load<u8>(at) === COLON && load<u8>(at + 1) === COLON) {
    elided = true;
    at += 2;
  }
  while (at < stop) {
    const group = at;
    while (at < stop && isHex(at)) at++;
    if (at < stop && load<u8>(at) === DOT) {
      if (!isIPv4(group, stop)) return false;
      groups += 2;
      break;
    }
    if (at === group || at - group > 4) return false;
    groups++;
    if (at === stop) break;
    if (load<u8>(at) !== COLON) return false;
    at++;
    if (at === stop) return false;
    if (load<u8>(at) === COLON) {
      if (elided) return false;
      elided = true;
      at++;
    }
  }
  return elided ? groups < 8 : groups === 8;
}

/** Four decimal numbers up to 255, without leading zeros, that fill [start, stop). */
function isIPv4(start: usize, stop: usize): bool {
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (at >= stop || load<u8>(at) !== DOT) return false;
      at++;
    }
    const first = at;
    let value = 0;
    while (at < stop && at - first < 3 && (classesOf(load<u8>(at)) & DIGIT) !== 0) {
      value = value * 10 + load<u8>(at++) - 0x30;
    }
    if (at === first || value > 255 || (at - first > 1 && load<u8>(first) === 0x30)) return false;
  }
  return at === stop;
}
