// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript has 64-bit integers
/**
 * The request line: method, target, version (RFC 9112, section 3). It reads from left to right. At a fault it
 * first checks whether the line has ended and whether a limit was passed before the fault. So the answer is
 * the same however the bytes arrived.
 */

import {
  CR,
  classesOf,
  DIGIT,
  LF,
  PATH_HALVES,
  PERCENT,
  QUERY_HALVES,
  QUESTION_MARK,
  SLASH,
  SPACE,
  TOKEN,
  TOKEN_HALVES,
} from '../bytes/characters';
import { find, findLf, skipClass } from '../bytes/scan';
import * as r from '../record';
import { ANSWERED, end, fail, lastBlock, maxTargetBytes, needWithoutHead, Word } from '../state';
import { judgeTarget, notePlainTarget, skipTarget } from './target';

// First byte lowest.
const GET_: u32 = 0x20544547;
const PUT_: u32 = 0x20545550;
const POST: u32 = 0x54534f50;
const HEAD: u32 = 0x44414548;
const PATC: u32 = 0x43544150;
const TRAC: u32 = 0x43415254;
const DELE: u32 = 0x454c4544;
const LETE: u32 = 0x4554454c;
const OPTI: u32 = 0x4954504f;
const IONS: u32 = 0x534e4f49;
const CONN: u32 = 0x4e4e4f43;
const NECT: u32 = 0x5443454e;
/** "HTTP/1." and the digit that follows, which the mask takes out. */
const HTTP_1: u64 = 0x002e312f50545448;
const WITHOUT_MINOR: u64 = 0x00ffffffffffffff;
const HTTP_1_1: u64 = 0x312e312f50545448;
const CRLF: u16 = 0x0a0d;
/** A space, the version and the line end. */
const AFTER_TARGET_BYTES: usize = 11;

/** @returns the first byte after the line, or ANSWERED */
export function parseRequestLine(start: usize): usize {
  const next = parsePlainLine(start);
  return next ? next : parseAnyLine(start);
}

/**
 * A line as most requests have it: GET, a path and perhaps a query without percent-encodings, HTTP/1.1.
 * @returns the first byte after the line, or 0 if the line is of another kind, wrong or incomplete
 */
function parsePlainLine(start: usize): usize {
  if (start > lastBlock) return 0;
  if (load<u32>(start) !== GET_) return 0;
  const path = start + 4;
  if (load<u8>(path) !== SLASH) return 0;
  const pathEnd = skipClass(path, PATH_HALVES);
  let targetEnd = pathEnd;
  if (targetEnd + AFTER_TARGET_BYTES > end) return 0;
  if (load<u8>(targetEnd) === QUESTION_MARK) {
    targetEnd = skipClass(pathEnd + 1, QUERY_HALVES);
    if (targetEnd + AFTER_TARGET_BYTES > end) return 0;
  }
  if (load<u8>(targetEnd) !== SPACE) return 0;
  if (load<u64>(targetEnd + 1) !== HTTP_1_1) return 0;
  if (load<u16>(targetEnd + 9) !== CRLF) return 0;
  if (<i32>(targetEnd - path) > maxTargetBytes) return 0;
  Word.set(r.METHOD, r.METHOD_GET);
  Word.setPosition(r.METHOD_START, start);
  Word.set(r.METHOD_LENGTH, 3);
  Word.set(r.VERSION_MINOR, 1);
  notePlainTarget(path, pathEnd, targetEnd);
  return targetEnd + AFTER_TARGET_BYTES;
}

function parseAnyLine(start: usize): usize {
  const methodEnd = skipClass(start, TOKEN_HALVES);
  const methodLength = <i32>(methodEnd - start);
  if (methodEnd >= end || load<u8>(methodEnd) !== SPACE || methodLength === 0) {
    return anomaly(start, methodEnd, 400, reasonAt(methodEnd, r.REASON_METHOD));
  }
  if (methodLength > r.MAX_METHOD_BYTES) return anomaly(start, methodEnd, 501, r.REASON_METHOD);
  const method = recognizeMethod(start, methodLength);
  Word.set(r.METHOD, method);
  Word.setPosition(r.METHOD_START, start);
  Word.set(r.METHOD_LENGTH, methodLength);

  const target = methodEnd + 1;
  const targetEnd = skipTarget(target);
  if (targetEnd >= end || load<u8>(targetEnd) !== SPACE || targetEnd === target) {
    return anomaly(start, targetEnd, 400, reasonInTarget(target, targetEnd));
  }
  const targetLength = <i32>(targetEnd - target);
  if (targetLength > maxTargetBytes) return anomaly(start, targetEnd, 414, r.REASON_TARGET_TOO_LONG);
  Word.setPosition(r.TARGET_START, target);
  Word.set(r.TARGET_LENGTH, targetLength);

  const version = targetEnd + 1;
  if (version + 8 > end || !isVersion(version)) return anomaly(start, version, 400, r.REASON_VERSION);
  if (version + 10 > end || load<u16>(version + 8) !== CRLF) {
    return anomaly(start, version + 8, 400, reasonAt(version + 8, r.REASON_REQUEST_LINE));
  }
  if (load<u8>(version + 5) !== 0x31) return fail(505, r.REASON_VERSION_UNSUPPORTED);
  Word.set(r.VERSION_MINOR, load<u8>(version + 7) === 0x30 ? 0 : 1);
  return judgeTarget(method, target, targetEnd) ? version + 10 : ANSWERED;
}

/** "HTTP/" DIGIT "." DIGIT. The caller has made sure that eight bytes are there. */
function isVersion(at: usize): bool {
  if ((classesOf(load<u8>(at + 7)) & DIGIT) === 0) return false;
  const text = load<u64>(at) & WITHOUT_MINOR;
  if (text === HTTP_1) return true;
  const withoutMajor: u64 = 0x00ff00ffffffffff;
  return (text & withoutMajor) === (HTTP_1 & withoutMajor) && (classesOf(load<u8>(at + 5)) & DIGIT) !== 0;
}

/** The METHOD_ number, by length and whole words. A space follows the method, so there are four bytes. */
function recognizeMethod(start: usize, length: i32): i32 {
  if (length < 3) return r.METHOD_OTHER;
  const word = load<u32>(start);
  switch (length) {
    case 3:
      if (word === GET_) return r.METHOD_GET;
      return word === PUT_ ? r.METHOD_PUT : r.METHOD_OTHER;
    case 4:
      if (word === POST) return r.METHOD_POST;
      return word === HEAD ? r.METHOD_HEAD : r.METHOD_OTHER;
    case 5:
      if (word === PATC && load<u8>(start + 4) === 0x48) return r.METHOD_PATCH;
      return word === TRAC && load<u8>(start + 4) === 0x45 ? r.METHOD_TRACE : r.METHOD_OTHER;
    case 6:
      return word === DELE && load<u32>(start + 2) === LETE ? r.METHOD_DELETE : r.METHOD_OTHER;
    case 7:
      if (word === OPTI && load<u32>(start + 3) === IONS) return r.METHOD_OPTIONS;
      return word === CONN && load<u32>(start + 3) === NECT ? r.METHOD_CONNECT : r.METHOD_OTHER;
    default:
      return r.METHOD_OTHER;
  }
}

/** The fault is a CR or LF at this place, unless it is a line end that comes too early. */
function reasonAt(at: usize, otherwise: i32): i32 {
  if (at >= end) return otherwise;
  const byte = load<u8>(at);
  if (byte === LF) return r.REASON_LINE_END;
  if (byte !== CR) return otherwise;
  return at + 1 < end && load<u8>(at + 1) === LF ? r.REASON_REQUEST_LINE : r.REASON_LINE_END;
}

function reasonInTarget(target: usize, at: usize): i32 {
  if (at < end && load<u8>(at) === PERCENT) return r.REASON_PERCENT_ENCODING;
  return reasonAt(at, at === target ? r.REASON_REQUEST_LINE : r.REASON_TARGET);
}

/**
 * Something is wrong or missing at `at`. The line is judged once its LF is there, its limits as soon as the
 * bytes are there. A passed limit has precedence over a missing LF, and a missing LF over the fault.
 */
function anomaly(start: usize, at: usize, status: i32, reason: i32): usize {
  const lineEnd = findLf(at, end);
  if (exceedsRequestLineLimits(start, lineEnd ? lineEnd : end)) return ANSWERED;
  if (!lineEnd) return needWithoutHead(r.PHASE_START, start, 0, 0);
  return fail(status, reason);
}

/** Checks the limits of a request line by the number of its bytes so far. [start, stop) holds no LF. */
export function exceedsRequestLineLimits(start: usize, stop: usize): bool {
  const length = <i32>(stop - start);
  if (length > r.MAX_METHOD_BYTES) {
    const last = start + r.MAX_METHOD_BYTES;
    let at = start;
    while (at <= last && (classesOf(load<u8>(at)) & TOKEN) !== 0) at++;
    if (at > last) {
      fail(501, r.REASON_METHOD);
      return true;
    }
  }
  if (length <= maxTargetBytes) return false;
  const nearStop = min(stop, start + r.REQUEST_LINE_SLACK_BYTES - 1);
  const firstSpace = find(SPACE, start, nearStop);
  if (firstSpace < nearStop && <i32>(stop - firstSpace) - 1 > maxTargetBytes) {
    const target = firstSpace + 1;
    const excess = target + maxTargetBytes + 1;
    if (find(SPACE, target, excess) === excess) {
      fail(414, r.REASON_TARGET_TOO_LONG);
      return true;
    }
  }
  if (length > maxTargetBytes + r.REQUEST_LINE_SLACK_BYTES) {
    fail(400, r.REASON_REQUEST_LINE);
    return true;
  }
  return false;
}
