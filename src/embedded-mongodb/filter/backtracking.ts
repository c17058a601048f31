/**
 * Refuses regular expressions that may backtrack without bound. V8 tries every way to match, so a hostile
 * expression can take time exponential in the length of the text, and the database's only thread would serve
 * nobody meanwhile.
 */
import { CommandError } from '../command-error.ts';

/** Each of `*`, `+`, `{n,}` and `{n,m}` multiplies the time by the length of the text. */
const MAX_REPETITIONS = 1;
/** Each `?`, and each `|` in a group, may double the time. */
const MAX_CHOICES = 8;
/** `{n}` leaves nothing to choose. */
const EXACT_QUANTIFIER = /^\{\d+\}/;

/** @throws CommandError for back references, look-around, and for too many ways to match the same text */
export function assertBoundedBacktracking(pattern: string): void {
  new PatternScan(pattern).check();
}

interface Group {
  /** It can match the same text in several ways, so it must not be repeated. */
  ambiguous: boolean;
}

/** Walks once over a pattern and counts what makes a match ambiguous. */
class PatternScan {
  readonly #pattern: string;
  readonly #open: Group[] = [];
  #repetitions = 0;
  #choices = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  check(): void {
    let inClass = false;
    for (let index = 0; index < this.#pattern.length; index += 1) {
      const character = this.#pattern[index];
      if (character === '\\') {
        index += 1;
        if (!inClass) this.#escape(index);
      } else if (inClass) {
        inClass = character !== ']';
      } else if (character === '[') {
        inClass = true;
      } else if (character === '(') {
        this.#openGroup(index);
      } else if (character === ')') {
        this.#closeGroup(index);
      } else if (character === '|') {
        this.#alternative();
      } else if (isQuantifier(character) && !isGroupPrefix(this.#pattern, index)) {
        this.#quantifier(index);
      }
    }
    if (this.#repetitions > MAX_REPETITIONS) refuse('more than one quantifier that repeats');
    if (this.#choices > MAX_CHOICES) refuse(`more than ${MAX_CHOICES} optional parts and alternatives`);
  }

  #escape(index: number): void {
    if (/[1-9k]/.test(this.#pattern[index] ?? '')) refuse('back references');
  }

  #openGroup(index: number): void {
    if (/^\(\?<?[=!]/.test(this.#pattern.slice(index))) refuse('look-around');
    this.#open.push({ ambiguous: false });
  }

  #closeGroup(index: number): void {
    if (this.#open.pop()?.ambiguous !== true) return;
    if (isQuantifier(this.#pattern[index + 1])) refuse('quantified groups with quantifiers or alternatives');
    this.#markAmbiguous();
  }

  /** Outside all groups an alternative does not multiply the time. */
  #alternative(): void {
    if (this.#open.length === 0) return;
    this.#markAmbiguous();
    this.#choices += 1;
  }

  #quantifier(index: number): void {
    this.#markAmbiguous();
    if (this.#pattern[index] === '?') this.#choices += isLazyMark(this.#pattern, index) ? 0 : 1;
    else if (!EXACT_QUANTIFIER.test(this.#pattern.slice(index))) this.#repetitions += 1;
  }

  #markAmbiguous(): void {
    const enclosing = this.#open.at(-1);
    if (enclosing !== undefined) enclosing.ambiguous = true;
  }
}

/** The "?" of "(?:" and "(?<name>" is not a quantifier. */
function isGroupPrefix(pattern: string, index: number): boolean {
  return pattern[index] === '?' && pattern[index - 1] === '(';
}

/** The "?" of "*?" makes the quantifier lazy, and adds no choice. */
function isLazyMark(pattern: string, index: number): boolean {
  return index > 0 && '*+}?'.includes(pattern[index - 1] ?? '') && pattern[index - 2] !== '\\';
}

function isQuantifier(character: string | undefined): boolean {
  return character === '*' || character === '+' || character === '{' || character === '?';
}

function refuse(what: string): never {
  throw new CommandError(
    'InvalidRegularExpression',
    `Regular expression is refused by the embedded database: ${what}`,
  );
}
