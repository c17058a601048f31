/**
 * Writes a regular expression in the syntax of RE2. Two assertions differ, and RE2 has nothing that is the
 * same in every place:
 *
 *  - `$` also matches before a line feed that ends the text. RE2 can only match that line feed itself, so
 *    nothing that takes text may follow.
 *  - `^` with option m does not match after a line feed that ends the text. There it makes no difference if
 *    text must follow.
 */
import { quote } from './escapes.ts';
import { type Assertion, type Branches, type Part, refused, type Sequence } from './syntax.ts';

/** What follows in the whole expression. */
interface Surroundings {
  /** Nothing follows. */
  readonly last: boolean;
  /** At least one character follows. */
  readonly textFollows: boolean;
}

/** @throws CommandError if RE2 cannot express an assertion where it stands */
export function toRe2(branches: Branches): string {
  return writeBranches(branches, { last: true, textFollows: false });
}

function writeBranches(branches: Branches, around: Surroundings): string {
  return branches.map((sequence) => writeSequence(sequence, around)).join('|');
}

function writeSequence(sequence: Sequence, around: Surroundings): string {
  const written: string[] = [];
  let { last, textFollows } = around;
  for (const part of sequence.toReversed()) {
    written.push(writePart(part, { last, textFollows }));
    last &&= isLeftOutAtTheEnd(part);
    textFollows ||= shortest(part) > 0;
  }
  return written.toReversed().join('');
}

function writePart(part: Part, around: Surroundings): string {
  switch (part.kind) {
    case 'character':
      return quote(part.character);
    case 'set':
    case 'options':
      return part.re2;
    case 'assertion':
      return writeAssertion(part.assertion, around);
    case 'group':
      return `(?:${writeBranches(part.branches, around)})`;
    case 'repetition':
      return writeRepetition(part, around);
  }
}

function writeRepetition(part: Part & { kind: 'repetition' }, around: Surroundings): string {
  const { least, most } = part;
  const inner = writePart(part.part, { ...around, last: around.last && most <= 1 });
  return `(?:${inner}){${least},${most === Infinity ? '' : most}}`;
}

function writeAssertion(assertion: Assertion, around: Surroundings): string {
  switch (assertion) {
    case 'textStart':
      return '\\A';
    case 'textEnd':
      return '\\z';
    case 'lastLineEnd':
      if (!around.last) throw refused('$ and \\Z before other parts of the expression');
      return '\\n?\\z';
    case 'lineStart':
      if (!around.textFollows) throw refused('^ with option m if no text needs to follow');
      return '(?m:^)';
    case 'lineEnd':
      return '(?m:$)';
    case 'wordBoundary':
      return '\\b';
    case 'noWordBoundary':
      return '\\B';
  }
}

/** `$$` is `$`. */
function isLeftOutAtTheEnd(part: Part): boolean {
  return part.kind === 'options' || (part.kind === 'assertion' && part.assertion === 'lastLineEnd');
}

/** The length of the shortest text that a part matches. */
function shortest(part: Part): number {
  switch (part.kind) {
    case 'character':
    case 'set':
      return 1;
    case 'group':
      return Math.min(
        ...part.branches.map((branch) => branch.reduce((sum, inner) => sum + shortest(inner), 0)),
      );
    case 'repetition':
      return part.least * shortest(part.part);
    default:
      return 0;
  }
}
