/**
 * What people call things: names, and the keys and values of tags. Two names that look the same should be the
 * same, and a name should not change the text around it where it is shown. So they take no character that
 * cannot be seen: no control characters, nothing of zero width, no marks that change the direction of writing
 * (Unicode Technical Report 36, "Unicode Security Considerations"). The joiner that holds some emoji together
 * is one of them.
 *
 * JSON Schema compiles patterns with the flag `u`. Both take time in proportion to the length of the text.
 */

/** Control and format characters, separators of lines, and whatever else is ignored when it is shown. */
const UNSEEN = '\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}';
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
