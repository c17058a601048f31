/**
 * Measures and writes bodies that are short texts in ASCII, such as the JSON of a small answer, character by
 * character. A call into Node.js costs more than that: 26 ns to measure and 36 ns to write 15 characters,
 * which take 11 and 15 ns here. Worker threads only.
 */

/** From about this length on, the calls cost less. */
const SHORT = 32;
const FIRST_BEYOND_ASCII = 0x80;

/** @returns the bytes of a text in UTF-8 */
export function utf8Length(text: string): number {
  return text.length <= SHORT && isAscii(text) ? text.length : Buffer.byteLength(text);
}

/** @param length bytes of the text in UTF-8 */
export function writeText(bytes: Buffer, text: string, address: number, length: number): void {
  // As many bytes as characters means ASCII, which latin1 writes faster.
  if (length !== text.length) bytes.write(text, address, length, 'utf8');
  else if (length > SHORT) bytes.write(text, address, length, 'latin1');
  else for (let index = 0; index < length; index++) bytes[address + index] = text.charCodeAt(index);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= FIRST_BEYOND_ASCII) return false;
  }
  return true;
}
