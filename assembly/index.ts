/**
 * The core: parses the next request of a connection in place and matches its route. It is compiled to
 * build/core.wasm. Each worker has an instance of its own on the memory that all threads share, and only
 * wasm-core.ts calls it.
 *
 * An instance writes only to the region it was configured with and reads only the request it was given.
 * Between two calls it keeps only its settings. The record says where to go on. Only `match` goes on with the
 * request of the call before.
 */

import { CR } from './bytes/characters';
import { findLf } from './bytes/scan';
import { isLineBreakAt, measureChunks, measureTrailers } from './chunks';
import { fieldFault, forgetFields, PlainLine, parseField, stoppedAt } from './head/fields';
import { judgeHead } from './head/head';
import { exceedsRequestLineLimits, parseRequestLine } from './head/request-line';
import { FRAMES_OFFSET, SCRATCH_OFFSET, SHORT_REQUEST_BYTES, SHORT_REQUEST_OFFSET } from './layout';
import * as r from './record';
import { matchRoute, setRoutes } from './routing/router';
import {
  ANSWERED,
  base,
  clearAnswer,
  clearWords,
  end,
  fail,
  lastBlock,
  maxBodyBytes,
  maxHeaderBytes,
  need,
  needWithoutHead,
  record,
  setRegion,
  setRequest,
  Word,
} from './state';

const CRLF: u16 = 0x0a0d;

/** Once, before the first `parse`. The well-known names and their hash table are in the region already. */
export function configure(region: usize, headerBytes: i32, targetBytes: i32, bodyBytes: i32): void {
  setRegion(region, headerBytes, targetBytes, bodyBytes);
  useRoutes(0, 1 << r.METHOD_OPTIONS);
}

/** The tree is in the region already. `everywhere` is the mask of methods that some path knows. */
export function useRoutes(tree: usize, everywhere: i32): void {
  setRoutes(tree, everywhere, record + SCRATCH_OFFSET, record + FRAMES_OFFSET);
}

/** @returns one of PARSE_COMPLETE, PARSE_NEED, PARSE_ERROR. Everything else is in the record. */
export function parse(address: usize, length: usize): i32 {
  setRequest(length < 16 ? copyShortRequest(address, length) : address, length);
  const phase = Word.get(r.PHASE);
  const line = <usize>Word.get(r.LINE_START);
  const scanned = <usize>Word.get(r.SCANNED);
  const remembered = Word.get(r.DECODED);
  clearAnswer();
  if (phase === r.PHASE_START && line === 0 && scanned === 0) parseWhole();
  else resume(phase, base + line, base + min(scanned, length), remembered);
  return Word.get(r.STATUS);
}

/** Matches the route of the request that was parsed last once more. */
export function match(): void {
  matchRoute();
}

/**
 * Parses the head alone of a request that `parse` has refused for its body or an expectation: neither counts
 * here. @returns one of PARSE_COMPLETE, PARSE_NEED, PARSE_ERROR
 */
export function parseHead(address: usize, length: usize): i32 {
  setRequest(length < 16 ? copyShortRequest(address, length) : address, length);
  clearAnswer();
  parseWholeHead(false);
  return Word.get(r.STATUS);
}

/** Parses the head alone of a request whose body is streamed, and judges it. @returns as `parseHead` */
export function parseStreamedHead(address: usize, length: usize): i32 {
  setRequest(length < 16 ? copyShortRequest(address, length) : address, length);
  clearAnswer();
  parseWholeHead(true);
  return Word.get(r.STATUS);
}

/** Unless it is judged, the record then describes a request without content, the last of its connection. */
function parseWholeHead(isJudged: bool): void {
  const start = skipEmptyLines();
  if (start === ANSWERED) return;
  const section = parseRequestLine(start);
  if (section === ANSWERED) return;
  forgetFields();
  const body = parseFields(section);
  if (body === ANSWERED) return;
  if (isJudged) {
    if (!judgeHead(Word.get(r.HEADER_COUNT), r.MAX_STREAMED_BYTES)) return;
  } else if (Word.get(r.HEADER_COUNT) > r.MAX_HEADERS) {
    fail(431, r.REASON_HEADERS_TOO_LARGE);
    return;
  }
  matchRoute();
  if (!isJudged) Word.set(r.CONTENT_LENGTH, -1);
  Word.setPosition(r.BODY_START, body);
  Word.set(r.BODY_WIRE_LENGTH, 0);
  Word.set(r.BODY_LENGTH, 0);
  Word.setPosition(r.CONSUMED, body);
  Word.set(r.STATUS, r.PARSE_COMPLETE);
}

/** Reading whole blocks in place would read bytes that do not belong to this request. */
function copyShortRequest(address: usize, length: usize): usize {
  const copy = record + SHORT_REQUEST_OFFSET;
  memory.fill(copy, 0, SHORT_REQUEST_BYTES);
  memory.copy(copy, address, length);
  return copy;
}

/** The whole request from its first byte, in one pass. */
function parseWhole(): void {
  const start = skipEmptyLines();
  if (start === ANSWERED) return;
  const section = parseRequestLine(start);
  if (section === ANSWERED) return;
  forgetFields();
  const body = parseFields(section);
  if (body === ANSWERED || !judgeHead(Word.get(r.HEADER_COUNT), maxBodyBytes)) return;
  matchRoute();
  parseBody(body);
}

/** @returns the first byte of the request line, or ANSWERED */
function skipEmptyLines(): usize {
  let start = base;
  while (start + 2 <= end && load<u16>(start) === CRLF) {
    start += 2;
    if (start - base > 2 * r.MAX_EMPTY_LINES) return fail(400, r.REASON_REQUEST_LINE);
  }
  return start;
}

/** @returns the first byte after the header section, or ANSWERED */
function parseFields(section: usize): usize {
  const limit = section + maxHeaderBytes;
  let line = section;
  let count = 0;
  const stop = end;
  const last = lastBlock;
  while (true) {
    let next = PlainLine.parse(line, count, stop, last);
    if (!next) {
      if (line + 2 <= stop && load<u16>(line) === CRLF) break;
      if (line < stop) next = parseField(line, count);
      if (!next) return fieldAnomaly(section, line);
    }
    if (next > limit) return fail(431, r.REASON_HEADERS_TOO_LARGE);
    count++;
    line = next;
  }
  if (line + 2 > limit) return fail(431, r.REASON_HEADERS_TOO_LARGE);
  Word.set(r.HEADER_COUNT, count);
  return line + 2;
}

/** A line is judged once its LF is there, the size of the section as soon as the bytes are there. */
function fieldAnomaly(section: usize, line: usize): usize {
  const limit = section + maxHeaderBytes;
  if (line < end && findLf(stoppedAt, min(end, limit))) return fail(400, fieldFault(line));
  if (end > limit) return fail(431, r.REASON_HEADERS_TOO_LARGE);
  return needWithoutHead(r.PHASE_HEADERS, line, <i32>(section - base), 0);
}

function parseBody(body: usize): void {
  Word.setPosition(r.BODY_START, body);
  Word.set(r.BODY_WIRE_LENGTH, 0);
  Word.set(r.BODY_LENGTH, 0);
  const length = Word.get(r.CONTENT_LENGTH);
  let bodyEnd = body;
  if (Word.get(r.FLAGS) & r.FLAG_CHUNKED) {
    bodyEnd = measureChunks(body, body, 0);
    if (bodyEnd === ANSWERED) return;
    Word.set(r.BODY_LENGTH, Word.get(r.DECODED));
    Word.set(r.DECODED, 0);
  } else if (length > 0) {
    bodyEnd = body + length;
    if (bodyEnd > end) {
      need(r.PHASE_BODY, bodyEnd, 0, <i32>(bodyEnd - end));
      return;
    }
    Word.set(r.BODY_LENGTH, length);
  }
  Word.set(r.BODY_WIRE_LENGTH, <i32>(bodyEnd - body));
  Word.setPosition(r.CONSUMED, bodyEnd);
  Word.set(r.STATUS, r.PARSE_COMPLETE);
}

/**
 * Goes on where the last call ended. It only checks what is complete by now. Once the request is complete, it
 * is parsed again from its first byte, so the record is filled in one place only.
 */
function resume(phase: i32, line: usize, scanned: usize, remembered: i32): void {
  if (phase === r.PHASE_START) {
    if (resumeRequestLine(line, scanned)) parseWhole();
  } else if (phase === r.PHASE_HEADERS) {
    if (resumeFields(line, scanned, base + remembered)) parseWhole();
  } else if (phase === r.PHASE_BODY) {
    if (line <= end) parseWhole();
    else needWithoutHead(r.PHASE_BODY, line, 0, <i32>(line - end));
  } else if (resumeChunks(phase, line, scanned, remembered) !== ANSWERED) {
    Word.set(r.DECODED, 0);
    parseWhole();
  }
}

/** True once the request line, or whatever stands in its place, has its end and can be parsed. */
function resumeRequestLine(line: usize, scanned: usize): bool {
  if (line > end || findLf(scanned, end)) return true;
  if (!exceedsRequestLineLimits(line, end)) needWithoutHead(r.PHASE_START, line, 0, 0);
  return false;
}

/** Checks the lines that are complete by now. @returns whether the section is complete */
function resumeFields(start: usize, scanned: usize, section: usize): bool {
  const limit = section + maxHeaderBytes;
  let line = start;
  let searched = scanned;
  while (true) {
    const lineEnd = findLf(searched, min(end, limit));
    if (!lineEnd) {
      if (end > limit) fail(431, r.REASON_HEADERS_TOO_LARGE);
      else needWithoutHead(r.PHASE_HEADERS, line, <i32>(section - base), 0);
      return false;
    }
    if (load<u8>(line) === CR && line + 1 === lineEnd) return true;
    if (!parseField(line, r.MAX_HEADERS)) {
      fail(400, fieldFault(line));
      return false;
    }
    line = lineEnd + 1;
    searched = line;
  }
}

/** @returns the first byte after the body, or ANSWERED */
function resumeChunks(phase: i32, line: usize, scanned: usize, remembered: i32): usize {
  clearWords(r.METHOD, r.HEADERS);
  if (phase === r.PHASE_TRAILERS) return measureTrailers(line, scanned, base + remembered);
  if (phase === r.PHASE_CHUNK_SIZE) return measureChunks(line, scanned, remembered);
  if (end < line + 2) return need(r.PHASE_CHUNK_DATA, line, remembered, <i32>(line + 2 - end));
  if (!isLineBreakAt(line)) return fail(400, r.REASON_CHUNK_END);
  return measureChunks(line + 2, line + 2, remembered);
}
