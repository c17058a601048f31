/** Compiles the regular expressions of filters, and finds the literal prefix that an index can search. */

import { CommandError } from '../command-error.ts';
import { assertBoundedBacktracking } from './backtracking.ts';

const MAX_PATTERN_LENGTH = 1000;
/** MongoDB's options and the flags for them. JavaScript has no x (extended), and u is always on. */
const FLAGS = new Map([
  ['i', 'i'],
  ['m', 'm'],
  ['s', 's'],
  ['u', ''],
]);

/** @throws CommandError if the expression is invalid or may backtrack without bound */
export function compileRegularExpression(pattern: string, options: string): RegExp {
  if (pattern.includes('\0'))
    throw new CommandError('BadValue', 'Regular expression cannot contain an embedded null byte');
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new CommandError(
      'InvalidRegularExpression',
      `Regular expression is invalid: longer than ${MAX_PATTERN_LENGTH} characters`,
    );
  }
  const flags = new Set(['u']);
  for (const option of options) {
    const flag = FLAGS.get(option);
    if (flag === undefined) throw new CommandError('BadValue', `invalid flag in regex options: ${option}`);
    if (flag !== '') flags.add(flag);
  }
  assertBoundedBacktracking(pattern);
  try {
    return new RegExp(pattern, [...flags].join(''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('InvalidRegularExpression', `Regular expression is invalid: ${reason}`);
  }
}

/** The literal text that every match of an expression such as `^abc` begins with, or undefined. */
export function literalPrefix(pattern: string, options: string): string | undefined {
  if (options !== '' && options !== 's') return undefined;
  if (!pattern.startsWith('^') || pattern.includes('|')) return undefined;
  const literal = /^[\w @:,;-]*/.exec(pattern.slice(1))?.[0] ?? '';
  const next = pattern[literal.length + 1];
  // A quantifier may make the last character optional.
  const certain = next !== undefined && '*?{+'.includes(next) ? literal.slice(0, -1) : literal;
  return certain === '' ? undefined : certain;
}
