/**
 * Decodes a chunked body that a core has validated and measured. The content goes to private memory: the
 * received bytes stay unchanged, for a second core or a rerun. Called by workers for each such request.
 */

import { HEX_VALUES, LF } from './characters.ts';

/**
 * @param start first byte of the body in `bytes` (address of the request plus BODY_START)
 * @param wireLength BODY_WIRE_LENGTH of the record
 * @param bodyLength BODY_LENGTH of the record
 * @throws RangeError if the chunks are not those that the core has measured, which would be a bug
 */
export function decodeChunked(
  bytes: Uint8Array,
  start: number,
  wireLength: number,
  bodyLength: number,
): Uint8Array {
  const content = new Uint8Array(bodyLength);
  const end = start + wireLength;
  let position = start;
  let length = 0;
  for (;;) {
    let size = 0;
    for (; position < end; position++) {
      const digit = HEX_VALUES[bytes[position] as number] as number;
      if (digit > 15) break;
      size = size * 16 + digit;
    }
    while (position < end && bytes[position] !== LF) position++;
    position++;
    if (size === 0) break;
    if (position + size > end || length + size > bodyLength) throw new RangeError('a chunk exceeds its body');
    content.set(bytes.subarray(position, position + size), length);
    length += size;
    position += size + 2;
  }
  if (length !== bodyLength) throw new RangeError(`${length} bytes were decoded, ${bodyLength} measured`);
  return content;
}
