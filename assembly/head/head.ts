// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript has 64-bit integers
/**
 * What a complete header section means for the request: Host, framing, persistence and expectation. The
 * fields are judged together and in a fixed order, so that the answer depends only on the section.
 */

import { classesOf, DIGIT } from '../bytes/characters';
import * as r from '../record';
import { base, fail, Word } from '../state';
import { hostLength, portLength } from './authority';
import { repeated } from './fields';
import { isMemberToken, memberLength, memberStart, nextMember, startList } from './lists';

const HOST_BIT: u32 = 1 << r.HEADER_HOST;
const CONNECTION_BIT: u32 = 1 << r.HEADER_CONNECTION;
const LENGTH_BIT: u32 = 1 << r.HEADER_CONTENT_LENGTH;

/** Sets FLAGS and CONTENT_LENGTH. False when the request was refused. @param mostBytes of the body */
export function judgeHead(headerCount: i32, mostBytes: i32): bool {
  if (headerCount > r.MAX_HEADERS) return refuse(431, r.REASON_HEADERS_TOO_LARGE);
  const modern = Word.get(r.VERSION_MINOR) !== 0;
  const tunnel = Word.get(r.METHOD) === r.METHOD_CONNECT;
  if (!judgeHost(modern)) return false;
  let flags = modern && !tunnel ? r.FLAG_KEEP_ALIVE : 0;
  Word.set(r.CONTENT_LENGTH, -1);
  if (isThere(r.HEADER_TRANSFER_ENCODING)) {
    if (!judgeTransferEncoding(headerCount, modern)) return false;
    flags |= r.FLAG_CHUNKED | r.FLAG_BODY;
  } else if (isThere(r.HEADER_CONTENT_LENGTH)) {
    if (!judgeContentLength(mostBytes)) return false;
    flags |= r.FLAG_BODY;
  }
  if (isThere(r.HEADER_CONNECTION)) {
    const options = connectionOptions(headerCount);
    if (options < 0) return refuse(400, r.REASON_CONNECTION);
    if (options & OPTION_CLOSE) flags &= ~r.FLAG_KEEP_ALIVE;
    else if (options & OPTION_KEEP_ALIVE && !tunnel) flags |= r.FLAG_KEEP_ALIVE;
  }
  if (modern && isThere(r.HEADER_EXPECT)) {
    const expects = expectsContinue(headerCount);
    if (expects < 0) return refuse(417, r.REASON_EXPECTATION);
    const body = (flags & r.FLAG_CHUNKED) !== 0 || Word.get(r.CONTENT_LENGTH) > 0;
    if (expects > 0 && body) flags |= r.FLAG_EXPECT_CONTINUE;
  }
  Word.set(r.FLAGS, flags);
  return true;
}

function refuse(status: i32, reason: i32): bool {
  fail(status, reason);
  return false;
}

function isThere(number: i32): bool {
  return Word.get(r.WELL_KNOWN + number) !== 0;
}

function valueStart(number: i32): usize {
  return base + Word.get(r.HEADERS + (Word.get(r.WELL_KNOWN + number) - 1) * r.HEADER_WORDS + 2);
}

function valueLength(number: i32): i32 {
  return Word.get(r.HEADERS + (Word.get(r.WELL_KNOWN + number) - 1) * r.HEADER_WORDS + 3);
}

/** Exactly one, and valid. HTTP/1.0 may have none (RFC 9112, section 3.2). It may be empty. */
function judgeHost(required: bool): bool {
  if (!isThere(r.HEADER_HOST)) return !required || refuse(400, r.REASON_HOST_MISSING);
  if (repeated & HOST_BIT) return refuse(400, r.REASON_HOST_REPEATED);
  const length = valueLength(r.HEADER_HOST);
  if (length === 0) return true;
  const start = valueStart(r.HEADER_HOST);
  const stop = start + length;
  const host = hostLength(start, stop);
  if (host > 0) {
    if (host === length) return true;
    const port = portLength(start + host, stop);
    if (port >= 0 && host + port === length) return true;
  }
  return refuse(400, r.REASON_HOST);
}

/**
 * One field with digits only. The same length given twice is refused too, since other parsers differ on it.
 */
function judgeContentLength(mostBytes: i32): bool {
  if (repeated & LENGTH_BIT) return refuse(400, r.REASON_CONTENT_LENGTH_REPEATED);
  const start = valueStart(r.HEADER_CONTENT_LENGTH);
  const stop = start + valueLength(r.HEADER_CONTENT_LENGTH);
  const limit: i64 = mostBytes;
  let value: i64 = 0;
  for (let at = start; at < stop; at++) {
    const byte = load<u8>(at);
    if (!(classesOf(byte) & DIGIT)) return refuse(400, r.REASON_CONTENT_LENGTH);
    if (value <= limit) value = value * 10 + byte - 0x30;
  }
  if (start === stop) return refuse(400, r.REASON_CONTENT_LENGTH);
  if (value > limit) return refuse(413, r.REASON_BODY_TOO_LARGE);
  Word.set(r.CONTENT_LENGTH, <i32>value);
  return true;
}

// Words of the members that matter, first byte lowest, in lower case.
const CHUN: u32 = 0x6e756863;
const NKED: u32 = 0x64656b6e;
const CLOS: u32 = 0x736f6c63;
const KEEP_ALI: u64 = 0x696c612d7065656b;
const VE: u32 = 0x6576;
const CONTINUE: u64 = 0x65756e69746e6f63;
/** "100-" has no letters, so it has no case to ignore. */
const HUNDRED: u32 = 0x2d303031;

function isChunked(): bool {
  if (memberLength() !== 7) return false;
  return (load<u32>(memberStart) | 0x20202020) === CHUN && (load<u32>(memberStart + 3) | 0x20202020) === NKED;
}

function isClose(): bool {
  if (memberLength() !== 5 || (load<u8>(memberStart + 4) | 0x20) !== 0x65) return false;
  return (load<u32>(memberStart) | 0x20202020) === CLOS;
}

function isKeepAlive(): bool {
  if (memberLength() !== 10 || (<u32>load<u16>(memberStart + 8) | 0x2020) !== VE) return false;
  return load<u8>(memberStart + 4) === 0x2d && (load<u64>(memberStart) | 0x2020202020202020) === KEEP_ALI;
}

function is100Continue(): bool {
  if (memberLength() !== 12 || load<u32>(memberStart) !== HUNDRED) return false;
  return (load<u64>(memberStart + 4) | 0x2020202020202020) === CONTINUE;
}

/** "chunked" must be the last coding, must be there once, and is the only one supported. */
function judgeTransferEncoding(headerCount: i32, modern: bool): bool {
  if (!modern) return refuse(400, r.REASON_TRANSFER_ENCODING_VERSION);
  if (isThere(r.HEADER_CONTENT_LENGTH)) return refuse(400, r.REASON_LENGTH_AND_TRANSFER_ENCODING);
  let chunked = 0;
  let others = 0;
  let last = false;
  startList(r.HEADER_TRANSFER_ENCODING, headerCount);
  while (nextMember()) {
    last = isChunked();
    if (last) chunked++;
    else if (isMemberToken()) others++;
    else return refuse(400, r.REASON_TRANSFER_CODING);
  }
  if (!last || chunked !== 1) return refuse(400, r.REASON_TRANSFER_CODING);
  return others === 0 || refuse(501, r.REASON_TRANSFER_CODING);
}

const OPTION_CLOSE: i32 = 1;
const OPTION_KEEP_ALIVE: i32 = 2;

/** The options that matter here, of all Connection fields, or -1 if they are not a list of tokens. */
function connectionOptions(headerCount: i32): i32 {
  if (!(repeated & CONNECTION_BIT) && isLoneKeepAlive()) return OPTION_KEEP_ALIVE;
  let options = 0;
  startList(r.HEADER_CONNECTION, headerCount);
  while (nextMember()) {
    if (isClose()) options |= OPTION_CLOSE;
    else if (isKeepAlive()) options |= OPTION_KEEP_ALIVE;
    else if (!isMemberToken()) return -1;
  }
  return options;
}

/** Nearly every client that sends the field sends one of these, so no list has to be walked. */
function isLoneKeepAlive(): bool {
  if (valueLength(r.HEADER_CONNECTION) !== 10) return false;
  const value = valueStart(r.HEADER_CONNECTION);
  if ((<u32>load<u16>(value + 8) | 0x2020) !== VE || load<u8>(value + 4) !== 0x2d) return false;
  return (load<u64>(value) | 0x2020202020202020) === KEEP_ALI;
}

/** 1 for 100-continue, 0 for no expectation, -1 for any other (RFC 9110, section 10.1.1). */
function expectsContinue(headerCount: i32): i32 {
  let expects = 0;
  startList(r.HEADER_EXPECT, headerCount);
  while (nextMember()) {
    if (!is100Continue()) return -1;
    expects = 1;
  }
  return expects;
}
