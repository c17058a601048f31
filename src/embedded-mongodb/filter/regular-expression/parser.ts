/**
 * Reads a regular expression as PCRE does, which is what MongoDB runs. It refuses what a linear-time engine
 * cannot run, and says so. Called by compile.ts.
 */
import { readClass } from './character-class.ts';
import { readEscape } from './escapes.ts';
import { changeOptions, type Options } from './options.ts';
import { Reader } from './reader.ts';
import { type Assertion, type Branches, invalid, type Part, refused, type Sequence } from './syntax.ts';

/** RE2's limit. PCRE's is 65,535. */
const MAX_REPETITIONS = 1000;

/** What may follow `(?` and is no group of its own, or none that an engine without backtracking has. */
const REFUSED_GROUPS: readonly (readonly [start: RegExp, feature: string])[] = [
  [/^\?<?[=!]/, 'look-around'],
  [/^\?>/, 'atomic groups'],
  [/^\?P=/, 'back references'],
  [/^\?(?:[R&]|P>|[+-]?\d)/, 'recursion'],
  [/^\?\(/, 'conditions'],
  [/^\?C/, 'callouts'],
  [/^\?\^/, '(?^'],
  [/^\*/, 'verbs such as (*FAIL)'],
];

const GROUP_NAME = /^\?(?:P?<[A-Za-z_]\w{0,31}>|'[A-Za-z_]\w{0,31}')/;
const INLINE_OPTIONS = /^\?([a-zA-Z]*(?:-[a-zA-Z]*)?)([:)])/;

/** @throws CommandError if the expression is invalid or uses what is not supported */
export function parse(pattern: string, options: Options): Branches {
  const parser = new Parser(pattern, options);
  return parser.parse();
}

class Parser {
  readonly #reader: Reader;
  /** Those that hold at the place of the reader. */
  #options: Options;

  constructor(pattern: string, options: Options) {
    this.#reader = new Reader(pattern);
    this.#options = options;
  }

  parse(): Branches {
    const branches = this.#branches();
    if (!this.#reader.atEnd) throw invalid('unmatched closing parenthesis');
    return branches;
  }

  /** Up to the end of the group or of the expression. */
  #branches(): Branches {
    const branches: Sequence[] = [this.#sequence()];
    while (this.#reader.skip('|')) branches.push(this.#sequence());
    return branches;
  }

  #sequence(): Sequence {
    const parts: Part[] = [];
    while (!this.#reader.atEnd && this.#reader.peek() !== '|' && this.#reader.peek() !== ')') {
      if (this.#skipExtension()) continue;
      for (const part of this.#part()) parts.push(part);
    }
    return parts;
  }

  /** With option x, spaces and comments mean nothing. */
  #skipExtension(): boolean {
    if (this.#reader.skip('\\E')) return true;
    if (!this.#options.extended) return false;
    if (this.#reader.match(/^[\t-\r ]+/) !== undefined) return true;
    if (!this.#reader.skip('#')) return false;
    while (!this.#reader.atEnd && this.#reader.next() !== '\n');
    return true;
  }

  /** Most often one. `\Q…\E` gives many, and a comment none. */
  #part(): readonly Part[] {
    if (this.#reader.skip('\\Q')) return this.#quoted();
    const part = this.#single();
    if (part === undefined) return [];
    while (this.#skipExtension());
    return [this.#repeated(part)];
  }

  #single(): Part | undefined {
    const character = this.#reader.next();
    switch (character) {
      case '\\':
        return this.#escape();
      case '[':
        return { kind: 'set', re2: readClass(this.#reader) };
      case '(':
        return this.#group();
      case '.':
        return this.#options.dotAll ? { kind: 'set', re2: '(?s:.)' } : NOT_LINE_FEED;
      case '^':
        return assertion(this.#options.lines ? 'lineStart' : 'textStart');
      case '$':
        return assertion(this.#options.lines ? 'lineEnd' : 'lastLineEnd');
      case '*':
      case '+':
      case '?':
        throw invalid('quantifier does not follow a repeatable item');
      default:
        return this.#character(character);
    }
  }

  #character(character: string): Part {
    return { kind: 'character', character, ignoreCase: this.#options.ignoreCase };
  }

  #escape(): Part {
    const letter = this.#reader.peek();
    const meant = ASSERTIONS.get(letter);
    if (meant !== undefined) {
      this.#reader.next();
      return assertion(meant);
    }
    if (this.#reader.skip('N')) {
      if (this.#reader.peek() === '{') throw refused('\\N with a name');
      return NOT_LINE_FEED;
    }
    const escaped = readEscape(this.#reader);
    if (escaped.kind === 'set') return { kind: 'set', re2: `[${escaped.members}]` };
    return this.#character(escaped.character);
  }

  #quoted(): Part[] {
    const parts: Part[] = [];
    while (!this.#reader.atEnd && !this.#reader.skip('\\E')) parts.push(this.#character(this.#reader.next()));
    const last = parts.pop();
    return last === undefined ? [] : [...parts, this.#repeated(last)];
  }

  /** The parenthesis has been read. Captured text is needed by nobody. */
  #group(): Part | undefined {
    for (const [start, feature] of REFUSED_GROUPS) {
      if (this.#reader.match(start) !== undefined) throw refused(feature);
    }
    if (this.#reader.skip('?#')) {
      if (this.#reader.until(')') === undefined) throw invalid('missing ) after (?# comment');
      return undefined;
    }
    const outside = this.#options;
    const inline = this.#reader.match(INLINE_OPTIONS);
    if (inline !== undefined) {
      this.#options = changeOptions(outside, inline[1] ?? '');
      if (inline[2] === ')') return this.#optionsPart();
    } else if (this.#reader.match(GROUP_NAME) === undefined && !this.#reader.skip('?|')) {
      if (this.#reader.peek() === '?') throw invalid('unrecognized character after (?');
    }
    return this.#groupOf(outside);
  }

  /** Up to the closing parenthesis. Options that are set inside end with it. */
  #groupOf(outside: Options): Part {
    const start: Sequence = [this.#optionsPart()];
    const [first = [], ...others] = this.#branches();
    if (!this.#reader.skip(')')) throw invalid('missing closing parenthesis');
    this.#options = outside;
    return { kind: 'group', branches: [[...start, ...first], ...others] };
  }

  #optionsPart(): Part {
    return { kind: 'options', re2: this.#options.ignoreCase ? '(?i)' : '(?-i)' };
  }

  #repeated(part: Part): Part {
    const quantifier = this.#reader.match(/^(?:[*+?]|\{\d+(?:,\d*)?\})/)?.[0];
    if (quantifier === undefined) return part;
    if (part.kind === 'options') throw invalid('quantifier does not follow a repeatable item');
    if (part.kind === 'assertion') throw refused('a quantifier after an assertion');
    if (this.#reader.skip('+')) throw refused('possessive quantifiers');
    // A lazy quantifier finds a match exactly if a greedy one does.
    this.#reader.skip('?');
    while (this.#skipExtension());
    if (this.#reader.match(/^(?:[*+?]|\{\d+(?:,\d*)?\})/) !== undefined)
      throw refused('a quantifier after a quantifier');
    return { kind: 'repetition', part, ...bounds(quantifier) };
  }
}

const NOT_LINE_FEED: Part = { kind: 'set', re2: '[^\\x{A}]' };

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'textStart'],
  ['z', 'textEnd'],
  ['Z', 'lastLineEnd'],
  ['b', 'wordBoundary'],
  ['B', 'noWordBoundary'],
]);

function assertion(meant: Assertion): Part {
  return { kind: 'assertion', assertion: meant };
}

function bounds(quantifier: string): { least: number; most: number } {
  if (quantifier === '*') return { least: 0, most: Infinity };
  if (quantifier === '+') return { least: 1, most: Infinity };
  if (quantifier === '?') return { least: 0, most: 1 };
  const [low = '', high] = quantifier.slice(1, -1).split(',');
  const least = Number(low);
  const most = high === undefined ? least : high === '' ? Infinity : Number(high);
  if (most < least) throw invalid('numbers out of order in {} quantifier');
  if (least > MAX_REPETITIONS || (most !== Infinity && most > MAX_REPETITIONS))
    throw refused(`more than ${MAX_REPETITIONS} repetitions`);
  return { least, most };
}
