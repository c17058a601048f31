/**
 * The core in plain TypeScript, also written for speed. Benchmarks measure the WebAssembly core against it,
 * and CORE=verify compares the answers of the two. Each worker has one of its own.
 */

import * as r from '../../../../assembly/record.ts';
import { CR, LF } from '../characters.ts';
import type { Core, CoreOptions, RoutePattern } from '../core.ts';
import { buildRouteTree } from '../routing/route-tree.ts';
import { measureChunks, measureTrailers } from './chunks.ts';
import { fieldFault, parseField } from './fields.ts';
import { judgeHead } from './head.ts';
import { RouteMatcher } from './match.ts';
import { exceedsRequestLineLimits, parseRequestLine } from './request-line.ts';
import { ANSWERED, ParseState } from './state.ts';

export class JsCore implements Core {
  readonly kind = 'js';
  readonly record: Int32Array;
  readonly #state: ParseState;
  readonly #matcher: RouteMatcher;

  constructor(options: CoreOptions) {
    this.#state = new ParseState(options);
    this.record = this.#state.record;
    this.#matcher = new RouteMatcher(this.#state);
  }

  loadRoutes(routes: readonly RoutePattern[]): void {
    this.#matcher.load(buildRouteTree(routes));
  }

  parse(address: number, length: number): number {
    const state = this.#state;
    const record = this.record;
    state.base = address;
    state.end = address + length;
    const phase = record[r.PHASE] as number;
    const line = record[r.LINE_START] as number;
    const scanned = record[r.SCANNED] as number;
    const remembered = record[r.DECODED] as number;
    state.clearAnswer();
    if (phase === r.PHASE_START && line === 0 && scanned === 0) this.#parseWhole();
    else this.#resume(phase, address + line, address + Math.min(scanned, length), remembered);
    return record[r.STATUS] as number;
  }

  match(): void {
    this.#matcher.match();
  }

  parseHead(address: number, length: number): number {
    return this.#parseHead(address, length, false);
  }

  parseStreamedHead(address: number, length: number): number {
    return this.#parseHead(address, length, true);
  }

  #parseHead(address: number, length: number, isJudged: boolean): number {
    const state = this.#state;
    state.base = address;
    state.end = address + length;
    state.clearAnswer();
    this.#parseWholeHead(isJudged);
    return this.record[r.STATUS] as number;
  }

  /** Unless it is judged, the record then describes a request without content, the last of its connection. */
  #parseWholeHead(isJudged: boolean): void {
    const state = this.#state;
    const { record, base } = state;
    const start = skipEmptyLines(state);
    if (start === ANSWERED) return;
    const section = parseRequestLine(state, start);
    if (section === ANSWERED) return;
    state.forgetFields();
    const body = parseFields(state, section, section);
    if (body === ANSWERED) return;
    if (isJudged) {
      if (!judgeHead(state, r.MAX_STREAMED_BYTES)) return;
    } else if (state.headerCount > r.MAX_HEADERS) {
      state.fail(431, r.REASON_HEADERS_TOO_LARGE);
      return;
    }
    record[r.HEADER_COUNT] = state.headerCount;
    this.#matcher.match();
    if (!isJudged) record[r.CONTENT_LENGTH] = -1;
    record[r.BODY_START] = body - base;
    record[r.BODY_WIRE_LENGTH] = 0;
    record[r.BODY_LENGTH] = 0;
    record[r.CONSUMED] = body - base;
    record[r.STATUS] = r.PARSE_COMPLETE;
  }

  /** The whole request from its first byte, in one pass. */
  #parseWhole(): void {
    const state = this.#state;
    const start = skipEmptyLines(state);
    if (start === ANSWERED) return;
    const section = parseRequestLine(state, start);
    if (section === ANSWERED) return;
    state.forgetFields();
    const body = parseFields(state, section, section);
    if (body === ANSWERED || !judgeHead(state, state.limits.maxBodyBytes)) return;
    state.record[r.HEADER_COUNT] = state.headerCount;
    this.#matcher.match();
    this.#parseBody(body);
  }

  #parseBody(body: number): void {
    const { record, base, end } = this.#state;
    record[r.BODY_START] = body - base;
    record[r.BODY_WIRE_LENGTH] = 0;
    record[r.BODY_LENGTH] = 0;
    let bodyEnd = body;
    if (((record[r.FLAGS] as number) & r.FLAG_CHUNKED) !== 0) {
      bodyEnd = measureChunks(this.#state, body, body, 0);
      if (bodyEnd === ANSWERED) return;
      record[r.BODY_LENGTH] = record[r.DECODED] as number;
    } else if ((record[r.CONTENT_LENGTH] as number) > 0) {
      const length = record[r.CONTENT_LENGTH] as number;
      bodyEnd = body + length;
      if (bodyEnd > end) {
        this.#state.need(r.PHASE_BODY, bodyEnd, 0, bodyEnd - end);
        return;
      }
      record[r.BODY_LENGTH] = length;
    }
    record[r.BODY_WIRE_LENGTH] = bodyEnd - body;
    record[r.CONSUMED] = bodyEnd - base;
    record[r.STATUS] = r.PARSE_COMPLETE;
    record[r.DECODED] = 0;
  }

  /**
   * Goes on where the last call ended. It only checks what is complete by now. Once the request is complete,
   * it is parsed again from its first byte, so the record is filled in one place only.
   */
  #resume(phase: number, line: number, scanned: number, remembered: number): void {
    const state = this.#state;
    switch (phase) {
      case r.PHASE_START:
        if (resumeRequestLine(state, line, scanned)) this.#parseWhole();
        return;
      case r.PHASE_HEADERS:
        if (resumeFields(state, line, scanned, state.base + remembered)) this.#parseWhole();
        return;
      case r.PHASE_BODY:
        if (line <= state.end) this.#parseWhole();
        else needMoreBody(state, r.PHASE_BODY, line, 0, line - state.end);
        return;
      default:
        this.#resumeChunks(phase, line, scanned, remembered);
    }
  }

  #resumeChunks(phase: number, line: number, scanned: number, remembered: number): void {
    const state = this.#state;
    const { bytes, end, base } = state;
    state.record.fill(0, r.METHOD, r.HEADERS);
    let bodyEnd: number;
    if (phase === r.PHASE_TRAILERS) {
      bodyEnd = measureTrailers(state, line, scanned, base + remembered);
    } else if (phase === r.PHASE_CHUNK_SIZE) {
      bodyEnd = measureChunks(state, line, scanned, remembered);
    } else if (end < line + 2) {
      bodyEnd = state.need(r.PHASE_CHUNK_DATA, line, remembered, line + 2 - end);
    } else if (bytes[line] !== CR || bytes[line + 1] !== LF) {
      bodyEnd = state.fail(400, r.REASON_CHUNK_END);
    } else {
      bodyEnd = measureChunks(state, line + 2, line + 2, remembered);
    }
    if (bodyEnd === ANSWERED) return;
    state.record[r.DECODED] = 0;
    this.#parseWhole();
  }
}

function needMoreBody(
  state: ParseState,
  phase: number,
  place: number,
  remembered: number,
  missing: number,
): void {
  state.record.fill(0, r.METHOD, r.HEADERS);
  state.need(phase, place, remembered, missing);
}

/** @returns the first byte of the request line, or ANSWERED */
function skipEmptyLines(state: ParseState): number {
  const { bytes, base, end } = state;
  let start = base;
  while (start + 1 < end && bytes[start] === CR && bytes[start + 1] === LF) {
    start += 2;
    if (start - base > 2 * r.MAX_EMPTY_LINES) return state.fail(400, r.REASON_REQUEST_LINE);
  }
  return start;
}

/** True once the request line, or whatever stands in its place, has its end and can be parsed. */
function resumeRequestLine(state: ParseState, line: number, scanned: number): boolean {
  const { end } = state;
  if (line > end) return true;
  if (state.indexOfLf(scanned, end) >= 0) return true;
  if (!exceedsRequestLineLimits(state, line, end)) state.needHead(r.PHASE_START, line, 0);
  return false;
}

/** @returns the first byte after the header section that begins at `section`, or ANSWERED */
function parseFields(state: ParseState, section: number, first: number): number {
  const { bytes, end } = state;
  const limit = section + state.limits.maxHeaderBytes;
  let line = first;
  for (let count = 0; ; count++) {
    if (line + 1 < end && bytes[line] === CR && bytes[line + 1] === LF) {
      state.headerCount = count;
      return line + 2 > limit ? state.fail(431, r.REASON_HEADERS_TOO_LARGE) : line + 2;
    }
    const next = parseField(state, line, count);
    if (next < 0) return fieldAnomaly(state, section, line, -next);
    if (next > limit) return state.fail(431, r.REASON_HEADERS_TOO_LARGE);
    line = next;
  }
}

/** A line is judged once its LF is there, the size of the section as soon as the bytes are there. */
function fieldAnomaly(state: ParseState, section: number, line: number, position: number): number {
  const { end, base } = state;
  const limit = section + state.limits.maxHeaderBytes;
  if (state.indexOfLf(position, Math.min(end, limit)) >= 0) {
    return state.fail(400, fieldFault(state.bytes, line, position));
  }
  if (end > limit) return state.fail(431, r.REASON_HEADERS_TOO_LARGE);
  return state.needHead(r.PHASE_HEADERS, line, section - base);
}

/** Checks the lines that are complete by now. @returns whether the section is complete */
function resumeFields(state: ParseState, start: number, scanned: number, section: number): boolean {
  const { bytes, base, end } = state;
  const limit = section + state.limits.maxHeaderBytes;
  let line = start;
  let searched = scanned;
  for (;;) {
    const lineEnd = state.indexOfLf(searched, Math.min(end, limit));
    if (lineEnd < 0) {
      if (end > limit) state.fail(431, r.REASON_HEADERS_TOO_LARGE);
      else state.needHead(r.PHASE_HEADERS, line, section - base);
      return false;
    }
    if (bytes[line] === CR && line + 1 === lineEnd) return true;
    const next = parseField(state, line, r.MAX_HEADERS);
    if (next < 0) {
      state.fail(400, fieldFault(bytes, line, -next));
      return false;
    }
    line = lineEnd + 1;
    searched = line;
  }
}
