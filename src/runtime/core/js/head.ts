/**
 * What a complete header section means for the request: Host, framing, persistence and expectation. The
 * fields are judged together and in a fixed order, so that the answer depends only on the section.
 */

import * as r from '../../../../assembly/record.ts';
import { CLASSES, DIGIT, SPACE, TAB, TOKEN } from '../characters.ts';
import { hostLength, portLength } from './authority.ts';
import type { ParseState } from './state.ts';

const COMMA = 0x2c;

const HOST_BIT = 1 << r.HEADER_HOST;
const CONNECTION_BIT = 1 << r.HEADER_CONNECTION;
const LENGTH_BIT = 1 << r.HEADER_CONTENT_LENGTH;
const TRANSFER_BIT = 1 << r.HEADER_TRANSFER_ENCODING;
const EXPECT_BIT = 1 << r.HEADER_EXPECT;

/** Sets FLAGS and CONTENT_LENGTH. False when the request was refused. @param mostBytes of the body */
export function judgeHead(state: ParseState, mostBytes: number): boolean {
  const { seen, record } = state;
  if (state.headerCount > r.MAX_HEADERS) return refuse(state, 431, r.REASON_HEADERS_TOO_LARGE);
  const modern = record[r.VERSION_MINOR] !== 0;
  if (!judgeHost(state, modern)) return false;
  let flags = modern && record[r.METHOD] !== r.METHOD_CONNECT ? r.FLAG_KEEP_ALIVE : 0;
  record[r.CONTENT_LENGTH] = -1;
  if ((seen & TRANSFER_BIT) !== 0) {
    if (!judgeTransferEncoding(state, modern)) return false;
    flags |= r.FLAG_CHUNKED | r.FLAG_BODY;
  } else if ((seen & LENGTH_BIT) !== 0) {
    if (!judgeContentLength(state, mostBytes)) return false;
    flags |= r.FLAG_BODY;
  }
  if ((seen & CONNECTION_BIT) !== 0) {
    const options = connectionOptions(state);
    if (options < 0) return refuse(state, 400, r.REASON_CONNECTION);
    if ((options & OPTION_CLOSE) !== 0) flags &= ~r.FLAG_KEEP_ALIVE;
    else if ((options & OPTION_KEEP_ALIVE) !== 0 && record[r.METHOD] !== r.METHOD_CONNECT)
      flags |= r.FLAG_KEEP_ALIVE;
  }
  if (modern && (seen & EXPECT_BIT) !== 0) {
    const expects = expectsContinue(state);
    if (expects < 0) return refuse(state, 417, r.REASON_EXPECTATION);
    const body = (flags & r.FLAG_CHUNKED) !== 0 || (record[r.CONTENT_LENGTH] as number) > 0;
    if (expects > 0 && body) flags |= r.FLAG_EXPECT_CONTINUE;
  }
  record[r.FLAGS] = flags;
  return true;
}

function refuse(state: ParseState, status: number, reason: number): boolean {
  state.fail(status, reason);
  return false;
}

/** Exactly one, and valid. HTTP/1.0 may have none (RFC 9112, section 3.2). It may be empty. */
function judgeHost(state: ParseState, required: boolean): boolean {
  const { bytes, record, base } = state;
  if ((state.seen & HOST_BIT) === 0) return !required || refuse(state, 400, r.REASON_HOST_MISSING);
  if ((state.repeated & HOST_BIT) !== 0) return refuse(state, 400, r.REASON_HOST_REPEATED);
  const entry = r.HEADERS + ((record[r.WELL_KNOWN + r.HEADER_HOST] as number) - 1) * r.HEADER_WORDS;
  const start = base + (record[entry + 2] as number);
  const end = start + (record[entry + 3] as number);
  if (start === end) return true;
  const host = hostLength(bytes, start, end);
  if (host <= 0) return refuse(state, 400, r.REASON_HOST);
  const port = portLength(bytes, start + host, end);
  return (port >= 0 && start + host + port === end) || refuse(state, 400, r.REASON_HOST);
}

/**
 * One field with digits only. The same length given twice is refused too, since other parsers differ on it.
 */
function judgeContentLength(state: ParseState, mostBytes: number): boolean {
  const { bytes, record, base } = state;
  if ((state.repeated & LENGTH_BIT) !== 0) return refuse(state, 400, r.REASON_CONTENT_LENGTH_REPEATED);
  const entry = r.HEADERS + ((record[r.WELL_KNOWN + r.HEADER_CONTENT_LENGTH] as number) - 1) * r.HEADER_WORDS;
  const start = base + (record[entry + 2] as number);
  const end = start + (record[entry + 3] as number);
  let value = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] as number;
    if (((CLASSES[byte] as number) & DIGIT) === 0) return refuse(state, 400, r.REASON_CONTENT_LENGTH);
    if (value <= mostBytes) value = value * 10 + byte - 0x30;
  }
  if (start === end) return refuse(state, 400, r.REASON_CONTENT_LENGTH);
  if (value > mostBytes) return refuse(state, 413, r.REASON_BODY_TOO_LARGE);
  record[r.CONTENT_LENGTH] = value;
  return true;
}

/** "chunked" must be the last coding, must be there once, and is the only one supported. */
function judgeTransferEncoding(state: ParseState, modern: boolean): boolean {
  if (!modern) return refuse(state, 400, r.REASON_TRANSFER_ENCODING_VERSION);
  if ((state.seen & LENGTH_BIT) !== 0) return refuse(state, 400, r.REASON_LENGTH_AND_TRANSFER_ENCODING);
  let chunked = 0;
  let others = 0;
  let last = false;
  const understood = eachMember(state, r.HEADER_TRANSFER_ENCODING, (start, end) => {
    last = equals(state.bytes, start, end, 'chunked');
    if (last) chunked++;
    else others++;
    return last || isToken(state.bytes, start, end);
  });
  if (!understood || !last || chunked !== 1) return refuse(state, 400, r.REASON_TRANSFER_CODING);
  return others === 0 || refuse(state, 501, r.REASON_TRANSFER_CODING);
}

const OPTION_CLOSE = 1;
const OPTION_KEEP_ALIVE = 2;

/** The options that matter here, of all Connection fields, or -1 if they are not a list of tokens. */
function connectionOptions(state: ParseState): number {
  const { record, bytes, base } = state;
  const entry = r.HEADERS + ((record[r.WELL_KNOWN + r.HEADER_CONNECTION] as number) - 1) * r.HEADER_WORDS;
  const first = base + (record[entry + 2] as number);
  const end = first + (record[entry + 3] as number);
  if ((state.repeated & CONNECTION_BIT) === 0) {
    // Nearly every client that sends the field sends one of these.
    if (equals(bytes, first, end, 'keep-alive')) return OPTION_KEEP_ALIVE;
    if (equals(bytes, first, end, 'close')) return OPTION_CLOSE;
  }
  return listedOptions(state);
}

/** Apart from the above, since V8 allocates what a closure shares as soon as a function begins. */
function listedOptions(state: ParseState): number {
  let options = 0;
  const valid = eachMember(state, r.HEADER_CONNECTION, (start, end) => {
    if (equals(state.bytes, start, end, 'close')) options |= OPTION_CLOSE;
    else if (equals(state.bytes, start, end, 'keep-alive')) options |= OPTION_KEEP_ALIVE;
    return isToken(state.bytes, start, end);
  });
  return valid ? options : -1;
}

/** 1 for 100-continue, 0 for no expectation, -1 for any other (RFC 9110, section 10.1.1). */
function expectsContinue(state: ParseState): number {
  let expects = 0;
  const met = eachMember(state, r.HEADER_EXPECT, (start, end) => {
    expects = 1;
    return equals(state.bytes, start, end, '100-continue');
  });
  return met ? expects : -1;
}

/**
 * Visits every member that is not empty of the comma-separated lists in all fields of a well-known name.
 * @returns false as soon as a visit does
 */
function eachMember(
  state: ParseState,
  number: number,
  visit: (start: number, end: number) => boolean,
): boolean {
  const { record, base } = state;
  const first = (record[r.WELL_KNOWN + number] as number) - 1;
  const firstEntry = r.HEADERS + first * r.HEADER_WORDS;
  if (!eachMemberOfField(state, firstEntry, visit)) return false;
  if ((state.repeated & (1 << number)) === 0) return true;
  const name = base + (record[firstEntry] as number);
  const nameLength = record[firstEntry + 1] as number;
  for (let index = first + 1; index < state.headerCount; index++) {
    const entry = r.HEADERS + index * r.HEADER_WORDS;
    if (record[entry + 1] !== nameLength) continue;
    if (!sameName(state.bytes, name, base + (record[entry] as number), nameLength)) continue;
    if (!eachMemberOfField(state, entry, visit)) return false;
  }
  return true;
}

function eachMemberOfField(
  state: ParseState,
  entry: number,
  visit: (start: number, end: number) => boolean,
): boolean {
  const { bytes, record, base } = state;
  const valueEnd = base + (record[entry + 2] as number) + (record[entry + 3] as number);
  let position = base + (record[entry + 2] as number);
  while (position < valueEnd) {
    let end = position;
    while (end < valueEnd && bytes[end] !== COMMA) end++;
    let start = position;
    let stop = end;
    while (start < stop && isSpace(bytes[start] as number)) start++;
    while (stop > start && isSpace(bytes[stop - 1] as number)) stop--;
    if (start < stop && !visit(start, stop)) return false;
    position = end + 1;
  }
  return true;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function isToken(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (((CLASSES[bytes[i] as number] as number) & TOKEN) === 0) return false;
  return true;
}

/** Ignores case: `text` is in lower case. `| 0x20` also makes a CR equal to "-", but values contain no CR. */
function equals(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x61 ? bytes[start + i] !== code : ((bytes[start + i] as number) | 0x20) !== code)
      return false;
  }
  return true;
}

function sameName(bytes: Uint8Array, one: number, other: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (((bytes[one + i] as number) | 0x20) !== ((bytes[other + i] as number) | 0x20)) return false;
  }
  return true;
}
