/** Reads the options of a benchmark from the command line: whole numbers with bounds, flags, and names. */
import { parseArgs } from 'node:util';

export interface NumberOption {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
  readonly about: string;
}

export interface BenchmarkOptions<Name extends string> {
  readonly numbers: Readonly<Record<Name, number>>;
  readonly json: boolean;
  readonly help: boolean;
}

export function readOptions<Name extends string>(
  parameters: readonly string[],
  numbers: Readonly<Record<Name, NumberOption>>,
): BenchmarkOptions<Name> {
  const names = Object.keys(numbers) as Name[];
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const texts: Readonly<Record<string, string | boolean | undefined>> = values;
  const read = names.map((name) => [name, readNumber(name, texts[name], numbers[name])] as const);
  return {
    numbers: Object.fromEntries(read) as Record<Name, number>,
    json: values.json === true,
    help: values.help === true,
  };
}

function readNumber(name: string, text: string | boolean | undefined, option: NumberOption): number {
  if (text === undefined) return option.fallback;
  const value = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= option.least && value <= option.most) return value;
  throw new Error(`--${name} is a whole number from ${option.least} to ${option.most}, not "${text}"`);
}

export function describeOptions(numbers: Readonly<Record<string, NumberOption>>): string {
  const lines = Object.entries(numbers).map(
    ([name, { about, fallback }]) => `  --${name.padEnd(12)} ${about} (${fallback})`,
  );
  return [...lines, '  --json         print every measurement as JSON', ''].join('\n');
}
