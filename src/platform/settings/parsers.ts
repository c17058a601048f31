/**
 * The checks that settings of several rooms share. Each takes the text of an environment variable. It returns
 * the value, or what is wrong as the end of a sentence that begins with the variable's name. A message
 * repeats the text only if that cannot be a secret.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface ParseProblem {
  readonly problem: string;
}

export type Parse<T> = (text: string) => T | ParseProblem;

export function isProblem(value: unknown): value is ParseProblem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

export function boundedInteger(least: number, most: number): Parse<number> {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    return wrong(`must be a whole number from ${least} to ${most}`, text);
  };
}

/** A day. Timers end at 24.8 days, and no setting is meant to come close. */
export const LONGEST_MS = 24 * 60 * 60 * 1000;

export const milliseconds = boundedInteger(1, LONGEST_MS);

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Parse<Choice> {
  return (text) => choices.find((choice) => choice === text) ?? wrong(`must be ${listed(choices)}`, text);
}

/** Spaces around the items are dropped. */
export function commaSeparated<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (text) => {
    const values: T[] = [];
    for (const item of text.split(',')) {
      const value = parse(item.trim());
      if (isProblem(value)) return value;
      values.push(value);
    }
    return values;
  };
}

/** A path, relative to the working directory or absolute, or a file URL. */
export function fileUrl(text: string): string | ParseProblem {
  if (!text.startsWith('file:')) return pathToFileURL(resolve(text)).href;
  return URL.canParse(text) ? new URL(text).href : wrong('must be a path or a file URL', text);
}

export function wrong(rule: string, text: string): ParseProblem {
  return { problem: `${rule}, not "${text}"` };
}

function listed(choices: readonly string[]): string {
  return choices.join(', ').replace(/, ([^,]*)$/, ' or $1');
}
