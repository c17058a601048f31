/**
 * The request target in its four forms (RFC 9112, section 3.2) and the checks of RFC 3986 on it: characters,
 * percent-encodings, and that a path decodes to UTF-8 without NUL. So no code after the core has to handle a
 * path that cannot be decoded.
 */

import * as r from '../../../../assembly/record.ts';
import { CLASSES, HEX, HEX_VALUES, PATH, PERCENT, QUERY } from '../characters.ts';
import { hostLength, portLength } from './authority.ts';
import { bytesBefore, marksOfUncommon } from './four-bytes.ts';
import type { ParseState } from './state.ts';

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const ASTERISK = 0x2a;

/**
 * Notes path and query of a target that begins with "/". For any other form it only finds the end.
 * @returns the first byte that cannot belong to the target: the space after it, a fault, or the end of the
 * bytes
 */
export function skipTarget(state: ParseState, target: number): number {
  const { bytes, end } = state;
  if (target < end && bytes[target] === SLASH) return skipPathAndQuery(state, target);
  state.encodedPath = false;
  return skipClass(state, target, QUERY);
}

function skipPathAndQuery(state: ParseState, path: number): number {
  const { bytes, view, end, base, record } = state;
  const classes = CLASSES;
  let position = path;
  for (; position + 4 <= end; position += 4) {
    const marks = marksOfUncommon(view.getInt32(position, true));
    if (marks === 0) continue;
    position += bytesBefore(marks);
    break;
  }
  while (position < end && ((classes[bytes[position] as number] as number) & PATH) !== 0) position++;
  state.encodedPath = position < end && bytes[position] === PERCENT;
  if (state.encodedPath) position = skipClass(state, position, PATH);
  record[r.PATH_START] = path - base;
  record[r.PATH_LENGTH] = position - path;
  if (position < end && bytes[position] === QUESTION_MARK) {
    const query = position + 1;
    position = skipClass(state, query, QUERY);
    record[r.QUERY_START] = query - base;
    record[r.QUERY_LENGTH] = position - query;
  } else {
    record[r.QUERY_START] = 0;
    record[r.QUERY_LENGTH] = -1;
  }
  return position;
}

/** Skips characters of a class and well-formed percent-encodings. Stops at the "%" of a malformed one. */
function skipClass(state: ParseState, from: number, characterClass: number): number {
  const { bytes, end } = state;
  const classes = CLASSES;
  let position = from;
  for (;;) {
    while (position < end && ((classes[bytes[position] as number] as number) & characterClass) !== 0)
      position++;
    if (position + 2 >= end || bytes[position] !== PERCENT) return position;
    const high = CLASSES[bytes[position + 1] as number] as number;
    const low = CLASSES[bytes[position + 2] as number] as number;
    if ((high & low & HEX) === 0) return position;
    position += 3;
  }
}

/** Judges the target of a request line that is otherwise in order. False when the request was refused. */
export function judgeTarget(state: ParseState, method: number, target: number, end: number): boolean {
  const { bytes, record } = state;
  const first = bytes[target];
  record[r.AUTHORITY_START] = 0;
  record[r.AUTHORITY_LENGTH] = 0;
  if (method === r.METHOD_CONNECT) return judgeAuthorityForm(state, target, end);
  if (first === SLASH) {
    record[r.TARGET_FORM] = r.FORM_ORIGIN;
    return !state.encodedPath || judgeEncodedPath(state);
  }
  if (first === ASTERISK && end === target + 1 && method === r.METHOD_OPTIONS) {
    record[r.TARGET_FORM] = r.FORM_ASTERISK;
    notePath(state, target, 1);
    return true;
  }
  return judgeAbsoluteForm(state, target, end);
}

function notePath(state: ParseState, path: number, length: number): void {
  const { record, base } = state;
  record[r.PATH_START] = path - base;
  record[r.PATH_LENGTH] = length;
  record[r.QUERY_START] = 0;
  record[r.QUERY_LENGTH] = -1;
}

/** host ":" port, for CONNECT alone. There is no default port (RFC 9110, section 9.3.6). */
function judgeAuthorityForm(state: ParseState, target: number, end: number): boolean {
  const { record, base, bytes } = state;
  const host = hostLength(bytes, target, end);
  const port = host > 0 ? portLength(bytes, target + host, end) : -1;
  if (host <= 0 || port < 2 || target + host + port !== end) return refuse(state, r.REASON_TARGET);
  record[r.TARGET_FORM] = r.FORM_AUTHORITY;
  record[r.AUTHORITY_START] = target - base;
  record[r.AUTHORITY_LENGTH] = end - target;
  notePath(state, end, 0);
  return true;
}

/** "http://" authority path-abempty [ "?" query ], without user information (RFC 9110, section 4.2.4). */
function judgeAbsoluteForm(state: ParseState, target: number, end: number): boolean {
  const { record, base, bytes } = state;
  if (startsWith(bytes, target, end, 'https://')) {
    state.fail(421, r.REASON_SCHEME);
    return false;
  }
  if (!startsWith(bytes, target, end, 'http://')) return refuse(state, r.REASON_TARGET);
  const authority = target + 7;
  const host = hostLength(bytes, authority, end);
  if (host <= 0) return refuse(state, r.REASON_TARGET);
  const port = portLength(bytes, authority + host, end);
  const path = authority + host + port;
  if (port < 0 || (path < end && bytes[path] !== SLASH && bytes[path] !== QUESTION_MARK)) {
    return refuse(state, r.REASON_TARGET);
  }
  record[r.TARGET_FORM] = r.FORM_ABSOLUTE;
  record[r.AUTHORITY_START] = authority - base;
  record[r.AUTHORITY_LENGTH] = path - authority;
  if (path === end || bytes[path] === QUESTION_MARK) {
    notePath(state, path, 0);
    if (path < end) {
      record[r.QUERY_START] = path + 1 - base;
      record[r.QUERY_LENGTH] = end - path - 1;
    }
    return true;
  }
  if (skipPathAndQuery(state, path) !== end) return refuse(state, r.REASON_TARGET);
  return !state.encodedPath || judgeEncodedPath(state);
}

function refuse(state: ParseState, reason: number): boolean {
  state.fail(400, reason);
  return false;
}

/** Compares with a text in lower case, ignoring case. The text has no letters without a case. */
function startsWith(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (((bytes[start + i] as number) | 0x20) !== (text.charCodeAt(i) | 0x20)) return false;
  }
  return true;
}

/**
 * The decoded path must be UTF-8 (RFC 3629, section 4) without NUL. Only percent-encodings can bring in bytes
 * above 0x7f, so a sequence that they begin must end with them.
 */
function judgeEncodedPath(state: ParseState): boolean {
  const { bytes, record, base } = state;
  let position = base + (record[r.PATH_START] as number);
  const end = position + (record[r.PATH_LENGTH] as number);
  let missing = 0;
  let lowest = 0x80;
  let highest = 0xbf;
  for (; position < end; position++) {
    let byte = bytes[position] as number;
    if (byte === PERCENT) {
      byte =
        ((HEX_VALUES[bytes[position + 1] as number] as number) << 4) |
        (HEX_VALUES[bytes[position + 2] as number] as number);
      position += 2;
      if (byte === 0) return refuse(state, r.REASON_PERCENT_ENCODING);
    }
    if (missing > 0) {
      if (byte < lowest || byte > highest) return refuse(state, r.REASON_PERCENT_ENCODING);
      missing--;
      lowest = 0x80;
      highest = 0xbf;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return refuse(state, r.REASON_PERCENT_ENCODING);
      missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      // No overlong forms, no surrogates, nothing above U+10FFFF.
      if (byte === 0xe0) lowest = 0xa0;
      else if (byte === 0xed) highest = 0x9f;
      else if (byte === 0xf0) lowest = 0x90;
      else if (byte === 0xf4) highest = 0x8f;
    }
  }
  return missing === 0 || refuse(state, r.REASON_PERCENT_ENCODING);
}
