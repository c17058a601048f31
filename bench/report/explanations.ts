/**
 * Reads explanations.md: what people write about the numbers, under a heading of level 2 with the name of a
 * section or a scenario. They write no numbers. A place in braces is filled in from the run, and a claim in a
 * comment is checked against it:
 *
 *     ## health
 *
 *     Of each request, {{cores.health.cpu.median}} …
 *     <!-- claim: health.ratios.wasm/fastify.requestsPerSecond.low > 1 -->
 *
 * Both are paths into the data of the sections, as report.json has them.
 */
import { significant } from './numbers.ts';

/** The data of each section by its name. */
export type Facts = Readonly<Record<string, unknown>>;

const HEADING = /^## +(\S+) *$/m;
const COMMENTS_BEFORE = /^<!--(?! *claim:)[\s\S]*?-->\s*/gm;
const PLACE = /\{\{ *([^{}\s]+) *\}\}/g;
const CLAIM = /<!-- *claim: *(\S+) *(<=|>=|<|>) *(-?[\d.]+|[^\s<>]+) *-->/g;

/** @returns the text of each heading. What stands before the first heading is for the authors. */
export function readExplanations(markdown: string): ReadonlyMap<string, string> {
  const [, ...parts] = markdown.replace(COMMENTS_BEFORE, '').split(HEADING);
  const explanations = new Map<string, string>();
  for (let index = 0; index + 1 < parts.length; index += 2) {
    explanations.set(parts[index] ?? '', (parts[index + 1] ?? '').trim());
  }
  return explanations;
}

/** @returns the explanation with its numbers, and with a word on each of its claims */
export function explain(explanation: string, facts: Facts): string {
  return explanation
    .replace(CLAIM, (_, left: string, operator: string, right: string) =>
      verdictOf(`${left} ${operator} ${right}`, numberOf(left, facts), operator, numberOf(right, facts)),
    )
    .replace(PLACE, (_, path: string) => textOf(numberOf(path, facts)));
}

function textOf(value: number | undefined): string {
  return value === undefined ? '(not measured)' : significant(value);
}

/** A number that is written out, or the one at the end of a path. Names in a path have no dot. */
function numberOf(text: string, facts: Facts): number | undefined {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  let place: unknown = facts;
  for (const name of text.split('.')) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, name)) return undefined;
    place = Reflect.get(place, name);
  }
  return typeof place === 'number' ? place : undefined;
}

function verdictOf(
  claim: string,
  left: number | undefined,
  operator: string,
  right: number | undefined,
): string {
  const code = `\`${claim}\``;
  if (left === undefined || right === undefined)
    return `*Not checked, since this run did not measure it: ${code}.*`;
  const found = `${significant(left)} ${operator} ${significant(right)}`;
  return holds(left, operator, right)
    ? `*Checked against this run: ${code} (${found}).*`
    : `**This run contradicts the words above: ${code} is wrong (${found}).**`;
}

function holds(left: number, operator: string, right: number): boolean {
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  if (operator === '>') return left > right;
  return left >= right;
}
