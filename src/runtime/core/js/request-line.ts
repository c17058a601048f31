/**
 * The request line in plain TypeScript: method, target, version (RFC 9112, section 3). It reads from left to
 * right. At a fault it first checks whether the line has ended and whether a limit was passed before the
 * fault. So the answer is the same however the bytes arrived.
 */

import * as r from '../../../../assembly/record.ts';
import { CLASSES, CR, DIGIT, LF, PERCENT, SPACE, TOKEN } from '../characters.ts';
import { LINE_END } from './four-bytes.ts';
import { ANSWERED, type ParseState } from './state.ts';
import { judgeTarget, skipTarget } from './target.ts';

/** Four bytes each: "GET ", "HTTP" and "/1.1". */
const GET = 0x20544547;
const HTTP = 0x50545448;
const SLASH_1_1 = 0x312e312f;

/** @returns the first byte after the line, or ANSWERED */
export function parseRequestLine(state: ParseState, start: number): number {
  const { bytes, view, end, base, record } = state;
  const target =
    start + 4 <= end && view.getInt32(start, true) === GET
      ? noteGet(state, start)
      : parseMethod(state, start);
  if (target === ANSWERED) return ANSWERED;
  const targetEnd = skipTarget(state, target);
  if (targetEnd >= end || bytes[targetEnd] !== SPACE || targetEnd === target) {
    return anomaly(state, start, targetEnd, 400, reasonInTarget(state, target, targetEnd));
  }
  if (targetEnd - target > state.limits.maxTargetBytes) {
    return anomaly(state, start, targetEnd, 414, r.REASON_TARGET_TOO_LONG);
  }
  record[r.TARGET_START] = target - base;
  record[r.TARGET_LENGTH] = targetEnd - target;

  const version = targetEnd + 1;
  if (end - version >= 10 && isPlainVersion(view, version)) {
    record[r.VERSION_MINOR] = 1;
    return judgeTarget(state, record[r.METHOD] as number, target, targetEnd) ? version + 10 : ANSWERED;
  }
  if (end - version < 8 || !isVersion(bytes, version)) {
    return anomaly(state, start, version, 400, r.REASON_VERSION);
  }
  if (end - version < 10 || bytes[version + 8] !== CR || bytes[version + 9] !== LF) {
    return anomaly(state, start, version + 8, 400, reasonAt(state, version + 8, r.REASON_REQUEST_LINE));
  }
  if (bytes[version + 5] !== 0x31) return state.fail(505, r.REASON_VERSION_UNSUPPORTED);
  record[r.VERSION_MINOR] = bytes[version + 7] === 0x30 ? 0 : 1;
  return judgeTarget(state, record[r.METHOD] as number, target, targetEnd) ? version + 10 : ANSWERED;
}

/** @returns the first byte of the target */
function noteGet(state: ParseState, start: number): number {
  noteMethod(state, r.METHOD_GET, start, 3);
  return start + 4;
}

/** @returns the first byte of the target, or ANSWERED */
function parseMethod(state: ParseState, start: number): number {
  const { bytes, end } = state;
  const classes = CLASSES;
  let position = start;
  while (position < end && ((classes[bytes[position] as number] as number) & TOKEN) !== 0) position++;
  const length = position - start;
  if (position >= end || bytes[position] !== SPACE || length === 0) {
    return anomaly(state, start, position, 400, reasonAt(state, position, r.REASON_METHOD));
  }
  if (length > r.MAX_METHOD_BYTES) return anomaly(state, start, position, 501, r.REASON_METHOD);
  noteMethod(state, recognizeMethod(bytes, start, length), start, length);
  return position + 1;
}

function noteMethod({ record, base }: ParseState, method: number, start: number, length: number): void {
  record[r.METHOD] = method;
  record[r.METHOD_START] = start - base;
  record[r.METHOD_LENGTH] = length;
}

/** "HTTP/1.1" and the end of the line, as nearly every request has it. */
function isPlainVersion(view: DataView, at: number): boolean {
  return (
    view.getInt32(at, true) === HTTP &&
    view.getInt32(at + 4, true) === SLASH_1_1 &&
    view.getInt16(at + 8, true) === LINE_END
  );
}

/** "HTTP/" DIGIT "." DIGIT. The caller has made sure that eight bytes are there. */
function isVersion(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x48 &&
    bytes[at + 1] === 0x54 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f &&
    bytes[at + 6] === 0x2e &&
    ((CLASSES[bytes[at + 5] as number] as number) & (CLASSES[bytes[at + 7] as number] as number) & DIGIT) !==
      0
  );
}

/** The METHOD_ number: by length and first letters, then every letter. */
function recognizeMethod(bytes: Uint8Array, start: number, length: number): number {
  switch (length) {
    case 3:
      if (equals(bytes, start, 'GET')) return r.METHOD_GET;
      return equals(bytes, start, 'PUT') ? r.METHOD_PUT : r.METHOD_OTHER;
    case 4:
      if (equals(bytes, start, 'POST')) return r.METHOD_POST;
      return equals(bytes, start, 'HEAD') ? r.METHOD_HEAD : r.METHOD_OTHER;
    case 5:
      if (equals(bytes, start, 'PATCH')) return r.METHOD_PATCH;
      return equals(bytes, start, 'TRACE') ? r.METHOD_TRACE : r.METHOD_OTHER;
    case 6:
      return equals(bytes, start, 'DELETE') ? r.METHOD_DELETE : r.METHOD_OTHER;
    case 7:
      if (equals(bytes, start, 'OPTIONS')) return r.METHOD_OPTIONS;
      return equals(bytes, start, 'CONNECT') ? r.METHOD_CONNECT : r.METHOD_OTHER;
    default:
      return r.METHOD_OTHER;
  }
}

function equals(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The fault is a CR or LF at this place, unless it is a line end that comes too early. */
function reasonAt(state: ParseState, position: number, otherwise: number): number {
  if (position >= state.end) return otherwise;
  const byte = state.bytes[position];
  if (byte === LF) return r.REASON_LINE_END;
  if (byte !== CR) return otherwise;
  const ends = position + 1 < state.end && state.bytes[position + 1] === LF;
  return ends ? r.REASON_REQUEST_LINE : r.REASON_LINE_END;
}

function reasonInTarget(state: ParseState, target: number, position: number): number {
  if (position < state.end && state.bytes[position] === PERCENT) return r.REASON_PERCENT_ENCODING;
  return reasonAt(state, position, position === target ? r.REASON_REQUEST_LINE : r.REASON_TARGET);
}

/**
 * Something is wrong or missing at `position`. The line is judged once its LF is there, its limits as soon as
 * the bytes are there. A passed limit has precedence over a missing LF, and a missing LF over the fault.
 */
function anomaly(state: ParseState, start: number, position: number, status: number, reason: number): number {
  const lineEnd = state.indexOfLf(position, state.end);
  const stop = lineEnd < 0 ? state.end : lineEnd;
  if (exceedsRequestLineLimits(state, start, stop)) return ANSWERED;
  if (lineEnd < 0) return state.needHead(r.PHASE_START, start, 0);
  return state.fail(status, reason);
}

/** Checks the limits of a request line by the number of its bytes so far. [start, stop) holds no LF. */
export function exceedsRequestLineLimits(state: ParseState, start: number, stop: number): boolean {
  const { bytes, limits } = state;
  const length = stop - start;
  if (length > r.MAX_METHOD_BYTES) {
    let position = start;
    const last = start + r.MAX_METHOD_BYTES;
    while (position <= last && ((CLASSES[bytes[position] as number] as number) & TOKEN) !== 0) position++;
    if (position > last) {
      state.fail(501, r.REASON_METHOD);
      return true;
    }
  }
  if (length <= limits.maxTargetBytes) return false;
  const firstSpace = indexOfSpace(bytes, start, Math.min(stop, start + r.REQUEST_LINE_SLACK_BYTES - 1));
  if (firstSpace >= 0 && stop - firstSpace - 1 > limits.maxTargetBytes) {
    const target = firstSpace + 1;
    if (indexOfSpace(bytes, target, target + limits.maxTargetBytes + 1) < 0) {
      state.fail(414, r.REASON_TARGET_TOO_LONG);
      return true;
    }
  }
  if (length > limits.maxTargetBytes + r.REQUEST_LINE_SLACK_BYTES) {
    state.fail(400, r.REASON_REQUEST_LINE);
    return true;
  }
  return false;
}

function indexOfSpace(bytes: Uint8Array, from: number, stop: number): number {
  for (let i = from; i < stop; i++) if (bytes[i] === SPACE) return i;
  return -1;
}
