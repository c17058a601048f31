/**
 * The request target in its four forms (RFC 9112, section 3.2) and the checks of RFC 3986 on it: characters,
 * percent-encodings, and that a path decodes to UTF-8 without NUL. So no code after the core has to handle a
 * path that cannot be decoded.
 */

import {
  ASTERISK,
  hexValue,
  PATH_HALVES,
  PERCENT,
  QUERY_HALVES,
  QUESTION_MARK,
  SLASH,
} from '../bytes/characters';
import { isPercentEncoding, skipClass } from '../bytes/scan';
import * as r from '../record';
import { base, end, fail, Word } from '../state';
import { hostLength, portLength } from './authority';

/** The path of this request has percent-encodings. */
export let encodedPath: bool = false;

/**
 * Notes path and query of a target that begins with "/". For any other form it only finds the end.
 * @returns the first byte that cannot belong to the target: the space after it, a fault, or the end of the
 * bytes
 */
export function skipTarget(target: usize): usize {
  if (target < end && load<u8>(target) === SLASH) return skipPathAndQuery(target);
  encodedPath = false;
  return target < end ? skipQueryAndEncodings(target) : target;
}

/** Notes a target in origin-form without percent-encodings. It has a query if it is longer than its path. */
export function notePlainTarget(path: usize, pathEnd: usize, targetEnd: usize): void {
  encodedPath = false;
  Word.set(r.TARGET_FORM, r.FORM_ORIGIN);
  Word.setPosition(r.TARGET_START, path);
  Word.set(r.TARGET_LENGTH, <i32>(targetEnd - path));
  Word.setPosition(r.PATH_START, path);
  Word.set(r.PATH_LENGTH, <i32>(pathEnd - path));
  if (pathEnd === targetEnd) {
    Word.set(r.QUERY_START, 0);
    Word.set(r.QUERY_LENGTH, -1);
  } else {
    Word.setPosition(r.QUERY_START, pathEnd + 1);
    Word.set(r.QUERY_LENGTH, <i32>(targetEnd - pathEnd) - 1);
  }
  Word.set(r.AUTHORITY_START, 0);
  Word.set(r.AUTHORITY_LENGTH, 0);
}

function skipPathAndQuery(path: usize): usize {
  let at = skipClass(path, PATH_HALVES);
  encodedPath = at < end && load<u8>(at) === PERCENT;
  if (encodedPath) at = skipEncodedPath(at);
  Word.setPosition(r.PATH_START, path);
  Word.set(r.PATH_LENGTH, <i32>(at - path));
  if (at < end && load<u8>(at) === QUESTION_MARK) {
    const query = at + 1;
    at = query < end ? skipQueryAndEncodings(query) : query;
    Word.setPosition(r.QUERY_START, query);
    Word.set(r.QUERY_LENGTH, <i32>(at - query));
  } else {
    Word.set(r.QUERY_START, 0);
    Word.set(r.QUERY_LENGTH, -1);
  }
  return at;
}

/** Both stop at the "%" of a malformed encoding. */
function skipEncodedPath(from: usize): usize {
  let at = from;
  while (isPercentEncoding(at, end)) at = at + 3 < end ? skipClass(at + 3, PATH_HALVES) : end;
  return at;
}

function skipQueryAndEncodings(from: usize): usize {
  let at = skipClass(from, QUERY_HALVES);
  while (isPercentEncoding(at, end)) at = at + 3 < end ? skipClass(at + 3, QUERY_HALVES) : end;
  return at;
}

/** Judges the target of a request line that is otherwise in order. False when the request was refused. */
export function judgeTarget(method: i32, target: usize, stop: usize): bool {
  Word.set(r.AUTHORITY_START, 0);
  Word.set(r.AUTHORITY_LENGTH, 0);
  if (method === r.METHOD_CONNECT) return judgeAuthorityForm(target, stop);
  if (load<u8>(target) === SLASH) {
    Word.set(r.TARGET_FORM, r.FORM_ORIGIN);
    return !encodedPath || judgeEncodedPath();
  }
  if (load<u8>(target) === ASTERISK && stop === target + 1 && method === r.METHOD_OPTIONS) {
    Word.set(r.TARGET_FORM, r.FORM_ASTERISK);
    notePath(target, 1);
    return true;
  }
  return judgeAbsoluteForm(target, stop);
}

function notePath(path: usize, length: i32): void {
  Word.setPosition(r.PATH_START, path);
  Word.set(r.PATH_LENGTH, length);
  Word.set(r.QUERY_START, 0);
  Word.set(r.QUERY_LENGTH, -1);
}

/** host ":" port, for CONNECT alone. There is no default port (RFC 9110, section 9.3.6). */
function judgeAuthorityForm(target: usize, stop: usize): bool {
  const host = hostLength(target, stop);
  const port = host > 0 ? portLength(target + host, stop) : -1;
  if (host <= 0 || port < 2 || target + host + port !== stop) return refuse(r.REASON_TARGET);
  Word.set(r.TARGET_FORM, r.FORM_AUTHORITY);
  Word.setPosition(r.AUTHORITY_START, target);
  Word.set(r.AUTHORITY_LENGTH, <i32>(stop - target));
  notePath(stop, 0);
  return true;
}

// The schemes, first byte lowest, in lower case.
const HTTP: u32 = 0x70747468;
const COLON_SLASH_SLASH: u32 = 0x2f2f3a;
const S_COLON_SLASH_SLASH: u32 = 0x2f2f3a73;

/** "http://" authority path-abempty [ "?" query ], without user information (RFC 9110, section 4.2.4). */
function judgeAbsoluteForm(target: usize, stop: usize): bool {
  if (stop - target < 8 || (load<u32>(target) | 0x20202020) !== HTTP) return refuse(r.REASON_TARGET);
  const separator = load<u32>(target + 4);
  if ((separator | 0x20) === S_COLON_SLASH_SLASH) {
    fail(421, r.REASON_SCHEME);
    return false;
  }
  if ((separator & 0xffffff) !== COLON_SLASH_SLASH) return refuse(r.REASON_TARGET);
  const authority = target + 7;
  const host = hostLength(authority, stop);
  if (host <= 0) return refuse(r.REASON_TARGET);
  const port = portLength(authority + host, stop);
  if (port < 0) return refuse(r.REASON_TARGET);
  const path = authority + host + port;
  Word.set(r.TARGET_FORM, r.FORM_ABSOLUTE);
  Word.setPosition(r.AUTHORITY_START, authority);
  Word.set(r.AUTHORITY_LENGTH, <i32>(path - authority));
  if (path < stop && load<u8>(path) === SLASH) {
    if (skipPathAndQuery(path) !== stop) return refuse(r.REASON_TARGET);
    return !encodedPath || judgeEncodedPath();
  }
  if (path < stop && load<u8>(path) !== QUESTION_MARK) return refuse(r.REASON_TARGET);
  notePath(path, 0);
  if (path < stop) {
    Word.setPosition(r.QUERY_START, path + 1);
    Word.set(r.QUERY_LENGTH, <i32>(stop - path - 1));
  }
  return true;
}

function refuse(reason: i32): bool {
  fail(400, reason);
  return false;
}

/**
 * The decoded path must be UTF-8 (RFC 3629, section 4) without NUL. Only percent-encodings can bring in bytes
 * above 0x7f, so a sequence that they begin must end with them.
 */
function judgeEncodedPath(): bool {
  let at = base + Word.get(r.PATH_START);
  const stop = at + Word.get(r.PATH_LENGTH);
  let missing = 0;
  let lowest: u32 = 0x80;
  let highest: u32 = 0xbf;
  for (; at < stop; at++) {
    let byte: u32 = load<u8>(at);
    if (byte === PERCENT) {
      byte = ((<u32>hexValue(load<u8>(at + 1))) << 4) | hexValue(load<u8>(at + 2));
      at += 2;
      if (byte === 0) return refuse(r.REASON_PERCENT_ENCODING);
    }
    if (missing > 0) {
      if (byte < lowest || byte > highest) return refuse(r.REASON_PERCENT_ENCODING);
      missing--;
      lowest = 0x80;
      highest = 0xbf;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return refuse(r.REASON_PERCENT_ENCODING);
      missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      // No overlong forms, no surrogates, nothing above U+10FFFF.
      if (byte === 0xe0) lowest = 0xa0;
      else if (byte === 0xed) highest = 0x9f;
      else if (byte === 0xf0) lowest = 0x90;
      else if (byte === 0xf4) highest = 0x8f;
    }
  }
  return missing === 0 || refuse(r.REASON_PERCENT_ENCODING);
}
