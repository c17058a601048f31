/**
 * Chunked bodies in plain TypeScript (RFC 9112, section 7.1): validated and measured, not decoded. A call
 * goes on at the chunk or trailer line that was not complete when the last one ended.
 */

import * as r from '../../../../assembly/record.ts';
import { CLASSES, CR, HEX_VALUES, LF, SPACE, TAB, TOKEN, VALUE } from '../characters.ts';
import { parseField } from './fields.ts';
import { ANSWERED, type ParseState } from './state.ts';

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Measures chunks from the size line at `start`. The search for its end goes on at `scanned`. Afterwards
 * DECODED holds the bytes of content so far.
 * @returns the first byte after the body, or ANSWERED
 */
export function measureChunks(
  state: ParseState,
  start: number,
  scanned: number,
  decodedBefore: number,
): number {
  const { bytes, end, record } = state;
  let line = start;
  let searched = scanned;
  let decoded = decodedBefore;
  for (;;) {
    const lineEnd = findChunkLineEnd(state, line, searched, decoded);
    if (lineEnd < 0) return ANSWERED;
    const size = judgeChunkLine(state, line, lineEnd, decoded);
    if (size < 0) return ANSWERED;
    decoded += size;
    record[r.DECODED] = decoded;
    if (size === 0) return measureTrailers(state, lineEnd + 1, lineEnd + 1, lineEnd + 1);
    const dataEnd = lineEnd + 1 + size;
    if (end < dataEnd + 2) return state.need(r.PHASE_CHUNK_DATA, dataEnd, decoded, dataEnd + 2 - end);
    if (bytes[dataEnd] !== CR || bytes[dataEnd + 1] !== LF) return state.fail(400, r.REASON_CHUNK_END);
    line = dataEnd + 2;
    searched = line;
  }
}

/** The position of the LF of the size line, or ANSWERED when there is none or the line is too long. */
function findChunkLineEnd(state: ParseState, line: number, searched: number, decoded: number): number {
  const limit = line + r.MAX_CHUNK_LINE_BYTES;
  const lineEnd = state.indexOfLf(searched, Math.min(state.end, limit));
  if (lineEnd >= 0) return lineEnd;
  if (state.end >= limit) return state.fail(400, r.REASON_CHUNK_EXTENSION);
  return state.need(r.PHASE_CHUNK_SIZE, line, decoded);
}

/** The size of the chunk whose line, with its LF, is [line, lineEnd], or ANSWERED. */
function judgeChunkLine(state: ParseState, line: number, lineEnd: number, decoded: number): number {
  const { bytes, limits, base } = state;
  const room = limits.maxBodyBytes - decoded;
  let position = line;
  let size = 0;
  for (;;) {
    const digit = HEX_VALUES[bytes[position] as number] as number;
    if (digit > 15) break;
    if (size <= room) size = size * 16 + digit;
    position++;
  }
  if (position === line) return state.fail(400, r.REASON_CHUNK_SIZE);
  if (bytes[position] !== CR || position + 1 !== lineEnd) {
    const reason = extensionsFault(bytes, position, lineEnd);
    if (reason !== r.REASON_NONE) return state.fail(400, reason);
  }
  if (size > room) return state.fail(413, r.REASON_BODY_TOO_LARGE);
  const free =
    limits.maxTargetBytes + r.REQUEST_LINE_SLACK_BYTES + limits.maxHeaderBytes + r.CHUNK_OVERHEAD_FREE_BYTES;
  // Counted from the request's first byte, because a resumed call does not know the body's first byte.
  if (lineEnd + 1 - base - decoded > free + r.CHUNK_OVERHEAD_PER_BYTE * decoded) {
    return state.fail(413, r.REASON_CHUNK_OVERHEAD);
  }
  return size;
}

/** *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ) CR, then the LF at `lineEnd`. */
export function extensionsFault(bytes: Uint8Array, start: number, lineEnd: number): number {
  let position = skipSpace(bytes, start);
  if (bytes[position] !== SEMICOLON) {
    return position === start && isLineBreak(bytes[position]) ? r.REASON_LINE_END : r.REASON_CHUNK_SIZE;
  }
  while (bytes[position] === SEMICOLON) {
    const name = skipSpace(bytes, position + 1);
    position = skipToken(bytes, name);
    if (position === name) return r.REASON_CHUNK_EXTENSION;
    const afterName = skipSpace(bytes, position);
    if (bytes[afterName] === EQUALS) {
      const value = skipSpace(bytes, afterName + 1);
      position = bytes[value] === QUOTE ? skipQuoted(bytes, value) : skipToken(bytes, value);
      if (position <= value) return r.REASON_CHUNK_EXTENSION;
    }
    const next = skipSpace(bytes, position);
    if (bytes[next] === SEMICOLON) position = next;
  }
  if (position + 1 === lineEnd && bytes[position] === CR) return r.REASON_NONE;
  return isLineBreak(bytes[position]) ? r.REASON_LINE_END : r.REASON_CHUNK_EXTENSION;
}

function isLineBreak(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let position = from;
  while (bytes[position] === SPACE || bytes[position] === TAB) position++;
  return position;
}

function skipToken(bytes: Uint8Array, from: number): number {
  let position = from;
  while (((CLASSES[bytes[position] as number] as number) & TOKEN) !== 0) position++;
  return position;
}

/** The byte after the closing quote, or the opening quote if the string is not closed in its line. */
function skipQuoted(bytes: Uint8Array, quote: number): number {
  let position = quote + 1;
  for (;;) {
    const byte = bytes[position] as number;
    if (byte === QUOTE) return position + 1;
    if (byte === BACKSLASH) position++;
    if (((CLASSES[bytes[position] as number] as number) & VALUE) === 0) return quote;
    position++;
  }
}

/**
 * Checks trailer lines like header lines and drops them (RFC 9110, section 6.5.1), bounded like them.
 * @returns the first byte after the section, or ANSWERED
 */
export function measureTrailers(state: ParseState, start: number, scanned: number, section: number): number {
  const { bytes, end, base } = state;
  const limit = section + state.limits.maxHeaderBytes;
  let line = start;
  let searched = scanned;
  for (;;) {
    const lineEnd = state.indexOfLf(searched, Math.min(end, limit));
    if (lineEnd < 0) {
      if (end > limit) return state.fail(431, r.REASON_TRAILERS_TOO_LARGE);
      return state.need(r.PHASE_TRAILERS, line, section - base);
    }
    if (bytes[line] === CR && line + 1 === lineEnd) return lineEnd + 1;
    if (parseField(state, line, r.MAX_HEADERS) < 0) return state.fail(400, r.REASON_TRAILER);
    line = lineEnd + 1;
    searched = line;
  }
}
