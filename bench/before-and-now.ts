/** Prints what was found broken once, and its figure from then beside the present one. */
import { describeSetting } from './table.ts';

export interface BeforeAndNow {
  /** Where it belongs, such as the number of a list. */
  readonly item: string;
  /** What is done to the server. */
  readonly what: string;
  /** The figure from before it was mended. */
  readonly before: string;
  readonly now: string;
}

export function printBeforeAndNow(rows: readonly BeforeAndNow[], json: boolean): void {
  const lines = rows.map(({ item, what, before, now }) => [item, what, before, now]);
  process.stdout.write(
    json
      ? `${JSON.stringify({ setting: describeSetting(), rows }, null, 2)}\n`
      : `${describeSetting()}\n\n${markdown([['item', 'what', 'before', 'now'], ...lines])}\n`,
  );
}

function markdown([header = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
