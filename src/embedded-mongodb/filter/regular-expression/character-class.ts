/** Reads a class such as `[a-z\d]`, and writes it in the syntax of RE2. */
import { quote, readEscape } from './escapes.ts';
import type { Reader } from './reader.ts';
import { invalid, refused } from './syntax.ts';

const POSIX_NAMES =
  /^\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/;

/** The bracket has been read. */
export function readClass(reader: Reader): string {
  const negated = reader.skip('^') ? '^' : '';
  let members = '';
  // A bracket that comes first is a member.
  if (reader.skip(']')) members += readRange(reader, ']');
  while (!reader.skip(']')) {
    if (reader.atEnd) throw invalid('missing terminating ] for character class');
    members += readMember(reader);
  }
  return `[${negated}${members}]`;
}

function readMember(reader: Reader): string {
  if (reader.peek() === '[' && /[:.=]/.test(reader.peek(1))) return readPosix(reader);
  const first = readSingle(reader);
  if (first.kind === 'character') return readRange(reader, first.character);
  assertNoRange(reader);
  return first.members;
}

function readRange(reader: Reader, first: string): string {
  if (!isRange(reader)) return quote(first);
  reader.next();
  const last = readSingle(reader);
  if (last.kind === 'set') throw invalid('invalid range in character class');
  if ((last.character.codePointAt(0) ?? 0) < (first.codePointAt(0) ?? 0))
    throw invalid('range out of order in character class');
  return `${quote(first)}-${quote(last.character)}`;
}

/** A hyphen that comes last is a member. */
function isRange(reader: Reader): boolean {
  return reader.peek() === '-' && reader.peek(1) !== ']' && reader.peek(1) !== '';
}

function assertNoRange(reader: Reader): void {
  if (isRange(reader)) throw invalid('invalid range in character class');
}

function readSingle(reader: Reader): ReturnType<typeof readEscape> {
  const character = reader.next();
  if (character !== '\\') return { kind: 'character', character };
  if (reader.skip('b')) return { kind: 'character', character: '\b' };
  if (/[QE]/.test(reader.peek())) throw refused('\\Q and \\E in a character class');
  if (/[NBAzZ]/.test(reader.peek())) throw invalid(`\\${reader.peek()} is not supported in a class`);
  return readEscape(reader);
}

/** `[:alpha:]` and others. PCRE has no equivalence classes such as `[=a=]`. */
function readPosix(reader: Reader): string {
  const name = reader.match(POSIX_NAMES)?.[0];
  if (name !== undefined) {
    assertNoRange(reader);
    return name;
  }
  if (reader.match(/^\[([:.=])[^\]]{0,90}\1\]/) !== undefined) throw invalid('unknown POSIX class name');
  reader.next();
  return readRange(reader, '[');
}
