/**
 * Compiles the regular expressions of filters. Their time is linear in the length of a text: literal text is
 * searched as it is, and RE2 runs everything else without backtracking. So no expression can hold up the
 * database's only thread.
 */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { CommandError } from '../../command-error.ts';
import { spendWork } from '../../work.ts';
import { type Literal, literalOf } from './literal.ts';
import { parseOptions } from './options.ts';
import { parse } from './parser.ts';
import { toRe2 } from './re2.ts';
import { type Branches, refused } from './syntax.ts';

const require = createRequire(import.meta.url);

const MAX_PATTERN_LENGTH = 1000;
/** Of the length of the text and the size of the program. RE2 takes at most 0.4 s for it. */
const MAX_STEPS = 8_000_000;
/** How many characters of literal text take as long as a step of RE2. */
const LITERAL_CHARACTERS_PER_STEP = 50;

/** For each instruction of a program. */
const WORK_OF_COMPILATION = 20;

export interface RegularExpression {
  /** @throws CommandError RegexMatchLimit if the text is too long for the expression */
  test(text: string): boolean;
}

/** @throws CommandError if the expression is invalid or uses what is not supported */
export function compileRegularExpression(pattern: string, options: string): RegularExpression {
  const branches = parsePattern(pattern, options);
  const literal = literalOf(branches);
  return literal.complete ? literalExpression(literal) : engineExpression(branches, options);
}

/** The literal text that every match of an expression such as `^abc` begins with, or undefined. */
export function literalPrefix(pattern: string, options: string): string | undefined {
  const { text, anchored } = literalOf(parsePattern(pattern, options));
  return anchored && text !== '' ? text : undefined;
}

function parsePattern(pattern: string, options: string): Branches {
  if (pattern.includes('\0'))
    throw new CommandError('BadValue', 'Regular expression cannot contain an embedded null byte');
  if (pattern.length > MAX_PATTERN_LENGTH) throw refused(`more than ${MAX_PATTERN_LENGTH} characters`);
  return parse(pattern, parseOptions(options));
}

function literalExpression({ text: wanted, anchored }: Literal): RegularExpression {
  return {
    test(text) {
      if (anchored) return text.startsWith(wanted);
      spend((text.length * wanted.length) / LITERAL_CHARACTERS_PER_STEP);
      return text.includes(wanted);
    },
  };
}

function engineExpression(branches: Branches, options: string): RegularExpression {
  const program = compileProgram(`${options.includes('i') ? '(?i)' : ''}${toRe2(branches)}`);
  const size = program.programSize();
  spendWork(size * WORK_OF_COMPILATION);
  return {
    test(text) {
      spend(text.length * size);
      return program.test(text);
    },
  };
}

function compileProgram(pattern: string): RE2JS {
  // Few databases are ever asked for a regular expression, and the engine takes 7 MB.
  const engine = require('re2js') as typeof import('re2js');
  try {
    return engine.RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof engine.RE2JSException)) throw error;
    throw refused(`what its engine says: ${error.message}`);
  }
}

function spend(steps: number): void {
  spendWork(steps);
  if (steps <= MAX_STEPS) return;
  const message =
    'Error occurred while executing regular expression: match limit exceeded. ' +
    'In the embedded database, the length of the text times the size of the expression is limited.';
  throw new CommandError('RegexMatchLimit', message);
}
