/**
 * Regular expressions of filters, bounded: V8's engine backtracks, so an expression that could take time
 * exponential in its subject would stop the database for everybody. What may do so is refused.
 */
import { CommandError } from '../errors.ts';

const MAX_PATTERN_LENGTH = 1000;
/** `*`, `+`, `{n,}` and `{n,m}`: each multiplies the time by the length of the subject, as trying every start does. */
const MAX_REPETITIONS = 1;
/** `?` and `|` in groups: each may double the time. */
const MAX_CHOICES = 8;
/** An exact number of times leaves nothing to choose. */
const EXACT_QUANTIFIER = /^\{\d+\}/;
/** MongoDB's options; x (extended) has no counterpart in JavaScript, u is always on. */
const OPTIONS = new Map([
  ['i', 'i'],
  ['m', 'm'],
  ['s', 's'],
  ['u', ''],
]);

/** @throws CommandError where the expression is invalid, or one that backtracks without bound */
export function compileRegularExpression(pattern: string, options: string): RegExp {
  if (pattern.includes('\0'))
    throw new CommandError('BadValue', 'Regular expression cannot contain an embedded null byte');
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new CommandError(
      'InvalidRegularExpression',
      `Regular expression is invalid: longer than ${MAX_PATTERN_LENGTH}`,
    );
  }
  const flags = new Set(['u']);
  for (const option of options) {
    const flag = OPTIONS.get(option);
    if (flag === undefined) throw new CommandError('BadValue', `invalid flag in regex options: ${option}`);
    if (flag !== '') flags.add(flag);
  }
  assertBounded(pattern);
  try {
    return new RegExp(pattern, [...flags].join(''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('InvalidRegularExpression', `Regular expression is invalid: ${reason}`);
  }
}

/** A literal text that every match begins with (`^abc`), for an index to search; undefined if there is none. */
export function literalPrefix(pattern: string, options: string): string | undefined {
  if (options !== '' && options !== 's') return undefined;
  if (!pattern.startsWith('^') || pattern.includes('|')) return undefined;
  const literal = /^[\w @:,;-]*/.exec(pattern.slice(1))?.[0] ?? '';
  const next = pattern[literal.length + 1];
  // A quantifier after the last character makes that character optional.
  const certain = next !== undefined && '*?{+'.includes(next) ? literal.slice(0, -1) : literal;
  return certain === '' ? undefined : certain;
}

/** Refuses what multiplies: quantified groups that hold a choice, more than a few choices, back references, look-around. */
function assertBounded(pattern: string): void {
  const open: { ambiguous: boolean }[] = [];
  let repetitions = 0;
  let choices = 0;
  let inClass = false;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === '\\') {
      if (/[1-9k]/.test(pattern[index + 1] ?? '') && !inClass) refuse('back references');
      index += 1;
    } else if (inClass) {
      inClass = character !== ']';
    } else if (character === '[') {
      inClass = true;
    } else if (character === '(') {
      if (/^\(\?<?[=!]/.test(pattern.slice(index))) refuse('look-around');
      open.push({ ambiguous: false });
    } else if (character === ')') {
      const group = open.pop();
      const enclosing = open.at(-1);
      if (group?.ambiguous && isQuantifier(pattern[index + 1]))
        refuse('quantified groups with quantifiers or alternatives');
      if (group?.ambiguous && enclosing) enclosing.ambiguous = true;
    } else if (character === '|' || isQuantifier(character)) {
      const enclosing = open.at(-1);
      if (isGroupPrefix(pattern, index)) continue;
      if (enclosing) enclosing.ambiguous = true;
      if (character === '?') choices += isLazyMark(pattern, index) ? 0 : 1;
      else if (character === '|') choices += enclosing ? 1 : 0;
      else if (!EXACT_QUANTIFIER.test(pattern.slice(index))) repetitions += 1;
    }
  }
  if (repetitions > MAX_REPETITIONS) refuse('more than one quantifier that repeats');
  if (choices > MAX_CHOICES) refuse(`more than ${MAX_CHOICES} optional parts and alternatives`);
}

/** The "?" of "(?:" and "(?<name>" repeats nothing. */
function isGroupPrefix(pattern: string, index: number): boolean {
  return pattern[index] === '?' && pattern[index - 1] === '(';
}

/** The "?" of "*?" says which match to try first, and repeats nothing. */
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
