/** Escapes that stand for characters, within and outside a class, with the meaning that they have in PCRE. */
import type { Reader } from './reader.ts';
import { invalid, refused } from './syntax.ts';

/** What is written between the brackets of a class in the syntax of RE2. */
const SETS: ReadonlyMap<string, string> = new Map([
  ['d', '0-9'],
  ['D', '\\x{0}-/:-\\x{10FFFF}'],
  ['w', '0-9A-Z_a-z'],
  ['W', '\\x{0}-/:-@\\[-\\^`\\{-\\x{10FFFF}'],
  // RE2 leaves the vertical tab out.
  ['s', '\\x{9}-\\x{D} '],
  ['S', '\\x{0}-\\x{8}\\x{E}-\\x{1F}!-\\x{10FFFF}'],
  ['h', '\\x{9} \\x{A0}\\x{1680}\\x{180E}\\x{2000}-\\x{200A}\\x{202F}\\x{205F}\\x{3000}'],
  ['v', '\\x{A}-\\x{D}\\x{85}\\x{2028}\\x{2029}'],
]);

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['e', '\x1b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['k', 'back references'],
  ['g', 'back references and recursion'],
  ['C', '\\C'],
  ['G', '\\G'],
  ['H', '\\H'],
  ['K', '\\K'],
  ['R', '\\R'],
  ['V', '\\V'],
  ['X', '\\X'],
]);

export type Escape =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'set'; readonly members: string };

/**
 * Reads what follows a backslash.
 * @throws CommandError for an escape that PCRE does not know, or that this database does not support
 */
export function readEscape(reader: Reader): Escape {
  if (reader.atEnd) throw invalid('\\ at the end');
  const letter = reader.next();
  const members = SETS.get(letter);
  if (members !== undefined) return { kind: 'set', members };
  if (letter === 'p' || letter === 'P') return { kind: 'set', members: readProperty(reader, letter) };
  if (!/[a-zA-Z0-9]/.test(letter)) return { kind: 'character', character: letter };
  return { kind: 'character', character: readCharacter(reader, letter) };
}

function readCharacter(reader: Reader, letter: string): string {
  const control = CONTROLS.get(letter);
  if (control !== undefined) return control;
  if (letter === 'x') return readHexadecimal(reader);
  if (letter === 'o') return fromCode(reader.match(/^\{([0-7]{1,7})\}/)?.[1], 8);
  if (letter === 'c') return String.fromCodePoint(readControl(reader) ^ 64);
  if (letter === '0') return fromCode(`0${reader.match(/^[0-7]{1,2}/)?.[0] ?? ''}`, 8);
  if (/[1-9]/.test(letter)) throw refused('back references (an octal code can be written as \\o{…})');
  const feature = REFUSED.get(letter);
  if (feature !== undefined) throw refused(feature);
  throw invalid(`unrecognized character follows \\: ${letter}`);
}

function readHexadecimal(reader: Reader): string {
  if (reader.peek() === '{') return fromCode(reader.match(/^\{([0-9a-fA-F]{1,6})\}/)?.[1], 16);
  return fromCode(`0${reader.match(/^[0-9a-fA-F]{1,2}/)?.[0] ?? ''}`, 16);
}

function readControl(reader: Reader): number {
  const letter = reader.next().toUpperCase();
  if (!/^[ -~]$/.test(letter)) throw invalid('\\c must be followed by a printable ASCII character');
  return letter.charCodeAt(0);
}

function fromCode(digits: string | undefined, radix: number): string {
  const code = digits === undefined ? Number.NaN : Number.parseInt(digits, radix);
  if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff))
    throw invalid('a character code is malformed, too large or a surrogate');
  return String.fromCodePoint(code);
}

/** `\pL`, `\p{Greek}` and `\p{^Greek}`. RE2 knows the names. */
function readProperty(reader: Reader, letter: string): string {
  const name = reader.match(/^(?:[A-Z]|\{\^?[A-Za-z_]{1,50}\})/)?.[0];
  if (name === undefined) throw invalid(`malformed \\${letter} sequence`);
  return `\\${letter}${name}`;
}

/** A character in the syntax of RE2, within and outside a class. */
export function quote(character: string): string {
  if (/[a-zA-Z0-9]/.test(character)) return character;
  return `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
