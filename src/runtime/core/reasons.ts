/**
 * One sentence for every reason for which the core refuses a request: the `detail` of the problem that the
 * client is sent. Workers read it when they answer for the core.
 */

import * as record from '../../../assembly/record.ts';

const SENTENCES: ReadonlyMap<number, string> = new Map([
  [record.REASON_REQUEST_LINE, 'The request line is not a method, a target and a version, one space apart.'],
  [record.REASON_METHOD, 'The method is not a token, or longer than any known method.'],
  [record.REASON_TARGET, 'The request target is not valid for this method.'],
  [record.REASON_TARGET_TOO_LONG, 'The request target is too long.'],
  [record.REASON_VERSION, 'The request line does not end with an HTTP version.'],
  [record.REASON_VERSION_UNSUPPORTED, 'Only HTTP/1.1 and HTTP/1.0 are supported.'],
  [record.REASON_HEADERS_TOO_LARGE, 'The header section is too large, or has too many fields.'],
  [record.REASON_HEADER_NAME, 'A header line does not begin with a field name and a colon.'],
  [record.REASON_HEADER_VALUE, 'A header value has a character that is not allowed there.'],
  [record.REASON_OBSOLETE_FOLD, 'A header line begins with white space. Folded header lines are refused.'],
  [record.REASON_LINE_END, 'A line does not end with CR LF, or has a CR elsewhere.'],
  [record.REASON_HOST_MISSING, 'An HTTP/1.1 request needs a Host header.'],
  [record.REASON_HOST_REPEATED, 'There is more than one Host header.'],
  [record.REASON_HOST, 'The Host header is not a host with an optional port.'],
  [record.REASON_CONTENT_LENGTH, 'The Content-Length header is not a decimal number.'],
  [record.REASON_CONTENT_LENGTH_REPEATED, 'There is more than one Content-Length header.'],
  [record.REASON_LENGTH_AND_TRANSFER_ENCODING, 'Content-Length and Transfer-Encoding exclude each other.'],
  [record.REASON_TRANSFER_CODING, 'The only supported transfer coding is chunked, once.'],
  [record.REASON_TRANSFER_ENCODING_VERSION, 'HTTP/1.0 has no Transfer-Encoding.'],
  [record.REASON_BODY_TOO_LARGE, 'The body is too large.'],
  [record.REASON_EXPECTATION, 'The only supported expectation is 100-continue.'],
  [record.REASON_CHUNK_SIZE, 'A chunk does not begin with its size in hexadecimal digits.'],
  [record.REASON_CHUNK_EXTENSION, 'A chunk extension is malformed or too long.'],
  [record.REASON_CHUNK_END, 'The data of a chunk is not followed by CR LF.'],
  [record.REASON_TRAILER, 'A trailer line is not a valid field line.'],
  [record.REASON_TRAILERS_TOO_LARGE, 'The trailer section is too large.'],
  [record.REASON_CONNECTION, 'The Connection header is not a list of tokens.'],
  [record.REASON_SCHEME, 'This server answers for the http scheme only.'],
  [record.REASON_PERCENT_ENCODING, 'A percent-encoding of the target is malformed, NUL, or not UTF-8.'],
  [record.REASON_CHUNK_OVERHEAD, 'The chunks have far more framing than content.'],
]);

/** The sentence for a REASON_ number (ERROR_REASON in the record). */
export function reasonSentence(reason: number): string {
  const sentence = SENTENCES.get(reason);
  if (sentence === undefined) throw new RangeError(`no such reason: ${reason}`);
  return sentence;
}

/** The head was accepted, and the request is refused for what it announces or for its body. */
const REASONS_AFTER_HEAD: ReadonlySet<number> = new Set([
  record.REASON_BODY_TOO_LARGE,
  record.REASON_EXPECTATION,
  record.REASON_CHUNK_SIZE,
  record.REASON_CHUNK_EXTENSION,
  record.REASON_CHUNK_END,
  record.REASON_CHUNK_OVERHEAD,
  record.REASON_TRAILER,
  record.REASON_TRAILERS_TOO_LARGE,
]);

/** @param reason one of the REASON_ constants */
export function hasAcceptedHead(reason: number): boolean {
  return REASONS_AFTER_HEAD.has(reason);
}
