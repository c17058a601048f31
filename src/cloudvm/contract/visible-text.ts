/**
 * What people call things: names, and the keys and values of tags. Two names that look the same should be the
 * same, and a name should not change the text around it where it is shown. So they take no character that
 * cannot be seen: no control characters, nothing of zero width, no marks that change the direction of writing
 * (Unicode Technical Report 36, "Unicode Security Considerations"). The joiner that holds some emoji together
 * is one of them.
 *
 * JSON Schema compiles patterns with the flag `u`. Both take time in proportion to the length of the text.
 */

/**
 * The code points of control and format characters, of separators of lines, and of whatever else is ignored
 * when it is shown: `[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`, written out, because not
 * every program that reads the OpenAPI document knows these properties.
 */
const UNSEEN_RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x0000, 0x001f],
  [0x007f, 0x009f],
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x0600, 0x0605],
  [0x061c, 0x061c],
  [0x06dd, 0x06dd],
  [0x070f, 0x070f],
  [0x0890, 0x0891],
  [0x08e2, 0x08e2],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x110bd, 0x110bd],
  [0x110cd, 0x110cd],
  [0x13430, 0x1343f],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];
const UNSEEN = UNSEEN_RANGES.map(([first, last]) => `${inClass(first)}-${inClass(last)}`).join('');

/** Beyond four digits, regular expressions have no escape that every language reads. */
function inClass(codePoint: number): string {
  if (codePoint > 0xffff) return String.fromCodePoint(codePoint);
  return `\\u${codePoint.toString(16).padStart(4, '0')}`;
}

/** The last one is a letter of Braille without a dot. */
const BLANK = '[\\s\\u2800]';

/** May be empty. */
export const VISIBLE = `^[^${UNSEEN}]*$`;
/** Has at least one character that leaves a mark, unless it is empty: `minLength` tells that better. */
export const VISIBLE_AND_NOT_BLANK = `^(?!${BLANK}+$)[^${UNSEEN}]*$`;

/** What to tell a client whose text does not match, by the pattern. */
export const PATTERN_MESSAGES: ReadonlyMap<string, string> = new Map([
  [VISIBLE, 'must not have invisible characters'],
  [VISIBLE_AND_NOT_BLANK, 'must not be blank or have invisible characters'],
]);
