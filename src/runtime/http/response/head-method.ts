/**
 * Whether bytes that could not be parsed seem to be a HEAD request. Then the refusal has no content (RFC
 * 9110, section 9.3.2), because the client would take it for the beginning of the next response.
 */

const METHOD = Buffer.from('HEAD ', 'latin1');
const CR = 13;
const LF = 10;

/** @param start first byte of the request. Empty lines before the request line are skipped */
export function beginsWithHead(bytes: Buffer, start: number, end: number): boolean {
  let position = start;
  while (position < end && (bytes[position] === CR || bytes[position] === LF)) position++;
  if (end - position < METHOD.length) return false;
  return bytes.compare(METHOD, 0, METHOD.length, position, position + METHOD.length) === 0;
}

/** A complete response, without its content. */
export function withoutContent(response: Buffer): Buffer {
  return response.subarray(0, response.indexOf('\r\n\r\n') + 4);
}
