/**
 * Chunked bodies (RFC 9112, section 7.1): validated and measured, not decoded. A call goes on at the chunk or
 * trailer line that was not complete when the last one ended.
 */

import {
  BACKSLASH,
  CR,
  classesOf,
  EQUALS,
  hexValue,
  LF,
  QUOTE,
  SEMICOLON,
  TOKEN,
  VALUE,
} from './bytes/characters';
import { findLf, isSpace } from './bytes/scan';
import { parseField } from './head/fields';
import * as r from './record';
import { ANSWERED, base, end, fail, maxBodyBytes, maxHeaderBytes, maxTargetBytes, need, Word } from './state';

/**
 * Measures chunks from the size line at `start`. The search for its end goes on at `scanned`. Afterwards
 * DECODED holds the bytes of content so far.
 * @returns the first byte after the body, or ANSWERED
 */
export function measureChunks(start: usize, scanned: usize, decodedBefore: i32): usize {
  let line = start;
  let searched = scanned;
  let decoded = decodedBefore;
  while (true) {
    const lineEnd = findChunkLineEnd(line, searched, decoded);
    if (lineEnd === ANSWERED) return ANSWERED;
    const size = judgeChunkLine(line, lineEnd, decoded);
    if (size < 0) return ANSWERED;
    decoded += size;
    Word.set(r.DECODED, decoded);
    if (size === 0) return measureTrailers(lineEnd + 1, lineEnd + 1, lineEnd + 1);
    const dataEnd = lineEnd + 1 + size;
    if (end < dataEnd + 2) return need(r.PHASE_CHUNK_DATA, dataEnd, decoded, <i32>(dataEnd + 2 - end));
    if (!isLineBreakAt(dataEnd)) return fail(400, r.REASON_CHUNK_END);
    line = dataEnd + 2;
    searched = line;
  }
}

/** CR LF. Both bytes are there. */
export function isLineBreakAt(at: usize): bool {
  return load<u8>(at) === CR && load<u8>(at + 1) === LF;
}

/** The position of the LF of the size line, or ANSWERED when there is none or the line is too long. */
function findChunkLineEnd(line: usize, searched: usize, decoded: i32): usize {
  const limit = line + r.MAX_CHUNK_LINE_BYTES;
  const lineEnd = findLf(searched, min(end, limit));
  if (lineEnd) return lineEnd;
  if (end >= limit) return fail(400, r.REASON_CHUNK_EXTENSION);
  return need(r.PHASE_CHUNK_SIZE, line, decoded, 0);
}

/** The size of the chunk whose line, with its LF, is [line, lineEnd]. Negative when it was refused. */
function judgeChunkLine(line: usize, lineEnd: usize, decoded: i32): i32 {
  const room: i64 = maxBodyBytes - decoded;
  let at = line;
  let size: i64 = 0;
  while (true) {
    const digit = hexValue(load<u8>(at));
    if (digit > 15) break;
    if (size <= room) size = size * 16 + digit;
    at++;
  }
  if (at === line) return refuse(400, r.REASON_CHUNK_SIZE);
  if (load<u8>(at) !== CR || at + 1 !== lineEnd) {
    const reason = extensionsFault(at, lineEnd);
    if (reason !== r.REASON_NONE) return refuse(400, reason);
  }
  if (size > room) return refuse(413, r.REASON_BODY_TOO_LARGE);
  // Counted from the request's first byte, because a resumed call does not know the body's first byte.
  const framing = <i64>(lineEnd + 1 - base) - decoded;
  const free =
    <i64>maxTargetBytes + r.REQUEST_LINE_SLACK_BYTES + maxHeaderBytes + r.CHUNK_OVERHEAD_FREE_BYTES;
  if (framing > free + <i64>r.CHUNK_OVERHEAD_PER_BYTE * decoded) return refuse(413, r.REASON_CHUNK_OVERHEAD);
  return <i32>size;
}

function refuse(status: i32, reason: i32): i32 {
  fail(status, reason);
  return -1;
}

/** *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ) CR, then the LF at `lineEnd`. */
function extensionsFault(start: usize, lineEnd: usize): i32 {
  let at = skipSpace(start);
  if (load<u8>(at) !== SEMICOLON) {
    return at === start && isLineBreak(at) ? r.REASON_LINE_END : r.REASON_CHUNK_SIZE;
  }
  while (load<u8>(at) === SEMICOLON) {
    const name = skipSpace(at + 1);
    at = skipTokenInLine(name);
    if (at === name) return r.REASON_CHUNK_EXTENSION;
    const afterName = skipSpace(at);
    if (load<u8>(afterName) === EQUALS) {
      const value = skipSpace(afterName + 1);
      at = load<u8>(value) === QUOTE ? skipQuoted(value) : skipTokenInLine(value);
      if (at === value) return r.REASON_CHUNK_EXTENSION;
    }
    const next = skipSpace(at);
    if (load<u8>(next) === SEMICOLON) at = next;
  }
  if (at + 1 === lineEnd && load<u8>(at) === CR) return r.REASON_NONE;
  return isLineBreak(at) ? r.REASON_LINE_END : r.REASON_CHUNK_EXTENSION;
}

function isLineBreak(at: usize): bool {
  return load<u8>(at) === LF || load<u8>(at) === CR;
}

// The LF of the line stops each of these before they leave it.

function skipSpace(from: usize): usize {
  let at = from;
  while (isSpace(load<u8>(at))) at++;
  return at;
}

function skipTokenInLine(from: usize): usize {
  let at = from;
  while (classesOf(load<u8>(at)) & TOKEN) at++;
  return at;
}

/** The byte after the closing quote, or the opening quote if the string is not closed in its line. */
function skipQuoted(quote: usize): usize {
  let at = quote + 1;
  while (true) {
    const byte = load<u8>(at);
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
    if (!(classesOf(load<u8>(at)) & VALUE)) return quote;
    at++;
  }
}

/**
 * Checks trailer lines like header lines and drops them (RFC 9110, section 6.5.1), bounded like them.
 * @returns the first byte after the section, or ANSWERED
 */
export function measureTrailers(start: usize, scanned: usize, section: usize): usize {
  const limit = section + maxHeaderBytes;
  let line = start;
  let searched = scanned;
  while (true) {
    const lineEnd = findLf(searched, min(end, limit));
    if (!lineEnd) {
      if (end > limit) return fail(431, r.REASON_TRAILERS_TOO_LARGE);
      return need(r.PHASE_TRAILERS, line, <i32>(section - base), 0);
    }
    if (load<u8>(line) === CR && line + 1 === lineEnd) return lineEnd + 1;
    if (!parseField(line, r.MAX_HEADERS)) return fail(400, r.REASON_TRAILER);
    line = lineEnd + 1;
    searched = line;
  }
}
