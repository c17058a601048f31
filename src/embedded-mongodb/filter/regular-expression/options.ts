/**
 * The options of regular expressions: `i`, `m`, `s`, `x` and `u`, as letters beside or within an expression.
 */
import { CommandError } from '../../command-error.ts';
import { refused } from './syntax.ts';

export interface Options {
  /** i */
  readonly ignoreCase: boolean;
  /** m: `^` and `$` also match at the lines within a text. */
  readonly lines: boolean;
  /** s: the dot also matches a line feed. */
  readonly dotAll: boolean;
  /** x: spaces and comments are left out. */
  readonly extended: boolean;
}

const NAMES: Readonly<Record<string, keyof Options>> = {
  i: 'ignoreCase',
  m: 'lines',
  s: 'dotAll',
  x: 'extended',
};

const NONE: Options = { ignoreCase: false, lines: false, dotAll: false, extended: false };

/**
 * @param letters as in `{$options: 'im'}`. Expressions are always Unicode, so `u` changes nothing.
 * @throws CommandError for a letter that is no option
 */
export function parseOptions(letters: string): Options {
  if (letters.includes('\0')) {
    const message = 'Regular expression options string cannot contain an embedded null byte';
    throw new CommandError('BadValue', message);
  }
  const unknown = [...letters].find((letter) => letter !== 'u' && !Object.hasOwn(NAMES, letter));
  if (unknown !== undefined) {
    throw new CommandError('InvalidRegexOptions', `invalid flag in regex options: ${unknown}`);
  }
  return set(NONE, letters, true);
}

/** @param change as in `(?i-s)`: letters to set, then perhaps a hyphen and letters to unset */
export function changeOptions(options: Options, change: string): Options {
  const [on = '', off = ''] = change.split('-');
  const unknown = [...on, ...off].find((letter) => !Object.hasOwn(NAMES, letter));
  if (unknown !== undefined) throw refused(`the inline option ${unknown}`);
  return set(set(options, on, true), off, false);
}

function set(options: Options, letters: string, value: boolean): Options {
  const changed = [...letters].flatMap((letter) => {
    const name = NAMES[letter];
    return name === undefined ? [] : [[name, value]];
  });
  return { ...options, ...Object.fromEntries(changed) };
}
