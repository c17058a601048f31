/** Makes the SVG of a chart. It needs no browser, and the same chart has the same bytes. */
import * as vega from 'vega';
import { compile } from 'vega-lite';
import { escapeXml } from '../escape.ts';
import type { Chart } from './chart.ts';
import { specificationOf, WIDTH } from './specification.ts';
import { textWidth } from './text.ts';
import { FONT, type Theme } from './theme.ts';

/** Vega's hook for those who know better than its guess of 0.8 of the size. It has no types. */
interface TextMetrics {
  width(item: { readonly fontSize?: number; readonly fontWeight?: string | number }, text: unknown): number;
}

const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics };
textMetrics.width = ({ fontSize = 11, fontWeight }, text) =>
  textWidth(String(text ?? ''), fontSize, fontWeight === 'bold' || Number(fontWeight) >= 600);

const FONT_ATTRIBUTE = ` font-family="${FONT}"`;
const ROOT = /^<svg [^>]*height="([\d.]+)"[^>]*>/;

export async function svgOf(chart: Chart, theme: Theme): Promise<string> {
  const view = new vega.View(vega.parse(compile(specificationOf(chart, theme)).spec), { renderer: 'none' });
  try {
    return withOwnRoot(await view.toSVG(), chart);
  } finally {
    view.finalize();
  }
}

/**
 * All charts have one width, however far their last text reaches. The title is for those who hear the image.
 * The font is named once, for all texts.
 */
function withOwnRoot(svg: string, { title, subtitle }: Chart): string {
  const root = ROOT.exec(svg);
  if (root === null) throw new Error('Vega made no SVG');
  const height = Math.ceil(Number(root[1]));
  const content = svg.slice(root[0].length).replaceAll(FONT_ATTRIBUTE, '');
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img"${FONT_ATTRIBUTE}>`;
  return `${open}<title>${escapeXml(title)}</title><desc>${escapeXml(subtitle)}</desc>${content}\n`;
}
