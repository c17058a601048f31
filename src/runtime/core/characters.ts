/**
 * Character classes of RFC 9110, 9112 and 3986 as one table of 256 sets of bits, so that a byte is judged by
 * one look-up. The JS core and the chunk decoder read it, on any thread. The WebAssembly core carries the
 * same classes as SIMD nibble tables (assembly/bytes/characters.ts), and a test compares the two.
 */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const PERCENT = 0x25;

/** tchar: methods, field names, tokens (RFC 9110, section 5.6.2). */
export const TOKEN = 1;
/**
 * Characters of a path: pchar and "/" (RFC 3986, section 3.3), and "[", "]", "|", "^", which browsers send as
 * they are. The percent sign is not among them, because it is judged together with its two digits.
 */
export const PATH = 2;
/** As PATH, with "?", "{", "}", "`" and "\", which browsers leave alone in a query. */
export const QUERY = 4;
/** Characters of a field value: HTAB, SP, VCHAR, obs-text (RFC 9110, section 5.5). */
export const VALUE = 8;
/** Characters of a registered name without percent-encoding (RFC 3986, section 3.2.2). */
export const HOST = 16;
export const DIGIT = 32;
export const HEX = 64;
/** unreserved: its percent-encoding has the same meaning (RFC 3986, section 6.2.2.2). */
export const UNRESERVED = 128;

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SUB_DELIMITERS = "!$&'()*+,;=";

/** For each byte the sum of the classes it belongs to. */
export const CLASSES: Uint8Array = makeClasses();

/** For each byte its value as a hexadecimal digit, or 255. */
export const HEX_VALUES: Uint8Array = makeHexValues();

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  const add = (characters: string, bit: number): void => {
    for (let i = 0; i < characters.length; i++) {
      const code = characters.charCodeAt(i);
      classes[code] = (classes[code] ?? 0) | bit;
    }
  };
  add(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~`, TOKEN);
  add(`${ALPHANUMERIC}-._~${SUB_DELIMITERS}:@/[]|^`, PATH);
  add(`${ALPHANUMERIC}-._~${SUB_DELIMITERS}:@/[]|^?{}\`\\`, QUERY);
  add(`${ALPHANUMERIC}-._~${SUB_DELIMITERS}`, HOST);
  add('0123456789', DIGIT);
  add('0123456789ABCDEFabcdef', HEX);
  add(`${ALPHANUMERIC}-._~`, UNRESERVED);
  for (let code = 0; code < 256; code++) {
    if (code === TAB || (code >= SPACE && code !== 0x7f)) classes[code] = (classes[code] ?? 0) | VALUE;
  }
  return classes;
}

function makeHexValues(): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16);
    values[digit.charCodeAt(0)] = value;
    values[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return values;
}
