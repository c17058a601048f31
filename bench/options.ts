/** Reads the options of a benchmark from the command line: whole numbers with bounds, lists, and flags. */
import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

export interface NumberOption {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
  readonly about: string;
}

/** Values that are separated by commas. */
export interface ListOption<Value> {
  readonly fallback: readonly Value[];
  /** @throws UsageError that says what is wrong with it */
  read(name: string, text: string): Value;
  readonly about: string;
}

type Lists<Values> = { readonly [Name in keyof Values]: ListOption<Values[Name]> };

export interface BenchmarkOptions<Name extends string, Values> {
  readonly numbers: Readonly<Record<Name, number>>;
  readonly lists: { readonly [List in keyof Values]: readonly Values[List][] };
  readonly json: boolean;
  readonly help: boolean;
}

export function readOptions<Name extends string, Values = Record<never, never>>(
  parameters: readonly string[],
  numbers: Readonly<Record<Name, NumberOption>>,
  lists: Lists<Values> = {} as Lists<Values>,
): BenchmarkOptions<Name, Values> {
  const names = Object.keys(numbers) as Name[];
  const listNames = Object.keys(lists) as (keyof Values & string)[];
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      ...Object.fromEntries([...names, ...listNames].map((name) => [name, { type: 'string' as const }])),
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const texts: Readonly<Record<string, string | boolean | undefined>> = values;
  const read = names.map((name) => [name, readNumber(name, texts[name], numbers[name])] as const);
  const readLists = listNames.map((name) => [name, readList(name, texts[name], lists[name])] as const);
  return {
    numbers: Object.fromEntries(read) as Record<Name, number>,
    lists: Object.fromEntries(readLists) as BenchmarkOptions<Name, Values>['lists'],
    json: values.json === true,
    help: values.help === true,
  };
}

/** Reads each value of a list as a whole number. */
export function wholeNumber(least: number, most: number): ListOption<number>['read'] {
  return (name, text) => parseNumber(name, text, least, most);
}

/** Reads each value of a list as one of these words. */
export function oneOf<Word extends string>(words: readonly Word[]): ListOption<Word>['read'] {
  return (name, text) => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw new UsageError(`--${name} is of ${words.join(', ')}, not "${text}"`);
  };
}

function readNumber(name: string, text: string | boolean | undefined, option: NumberOption): number {
  return text === undefined ? option.fallback : parseNumber(name, String(text), option.least, option.most);
}

function readList<Value>(
  name: string,
  text: string | boolean | undefined,
  option: ListOption<Value>,
): readonly Value[] {
  if (text === undefined) return option.fallback;
  return String(text)
    .split(',')
    .map((value) => option.read(name, value.trim()));
}

function parseNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} is a whole number from ${least} to ${most}, not "${text}"`);
}

export function describeOptions(
  numbers: Readonly<Record<string, NumberOption>>,
  lists: Readonly<Record<string, Pick<ListOption<unknown>, 'fallback' | 'about'>>> = {},
): string {
  const options = [
    ...Object.entries(lists).map(([name, { about, fallback }]) => [name, about, fallback.join(',')] as const),
    ...Object.entries(numbers).map(([name, { about, fallback }]) => [name, about, fallback] as const),
  ];
  const lines = options.map(([name, about, fallback]) => `  --${name.padEnd(12)} ${about} (${fallback})`);
  return [...lines, '  --json         print every measurement as JSON', ''].join('\n');
}
