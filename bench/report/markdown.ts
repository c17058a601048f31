/** Parts of Markdown in GitHub's dialect. */
import { escapeMarkdown } from './escape.ts';

type Rows = readonly (readonly string[])[];

/** Of numbers: all columns but the first are right-aligned. @param rows the header first, of texts */
export function table(rows: Rows): string {
  return tableWith('--:', rows);
}

export function textTable(rows: Rows): string {
  return tableWith('---', rows);
}

function tableWith(alignment: string, [header = [], ...body]: Rows): string {
  const rule = header.map((_, column) => (column === 0 ? '---' : alignment));
  return [rowOf(header), `| ${rule.join(' | ')} |`, ...body.map(rowOf)].join('\n');
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => escapeMarkdown(cell)).join(' | ')} |`;
}

/** Each text is an item of its own. */
export function list(texts: readonly string[]): string {
  return texts.map((text) => `- ${escapeMarkdown(text)}`).join('\n');
}

/** The parts that are there, with an empty line between. */
export function paragraphs(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}

/** a, b and c */
export function enumerate(texts: readonly string[]): string {
  const last = texts.at(-1) ?? '';
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} and ${last}`;
}

export function capitalized(sentence: string): string {
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}
