/** Reads short texts, such as most names of fields, faster than a call into V8. */
const MAX_BYTES = 16;
const MAX_ASCII = 0x7f;

/** @returns undefined if the text is longer or not ASCII */
export function shortTextAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > MAX_BYTES) return undefined;
  let text = '';
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte > MAX_ASCII) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
