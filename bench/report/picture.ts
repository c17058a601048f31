/** Shows a chart in Markdown. GitHub takes the file that goes with the reader's theme. */
import type { Chart } from './chart/chart.ts';
import { escapeXml } from './escape.ts';

/** @param folder where the charts are, with a slash at its end, seen from the Markdown */
export function pictureOf({ name, title }: Chart, folder = ''): string {
  return [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="${folder}${name}-dark.svg">`,
    `  <img src="${folder}${name}.svg" width="100%" alt="${escapeXml(title)}">`,
    '</picture>',
  ].join('\n');
}
