/**
 * Draws a chart in the terms of Vega-Lite: a row of panels for each group, and a footer. Each value has its
 * text beside it, so a reader needs neither a legend nor a ruler.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Chart, Group } from './chart.ts';
import { layersOf } from './layers.ts';
import { textWidth, wrap } from './text.ts';
import { FONT, FONT_SIZE, type Theme } from './theme.ts';

export const WIDTH = 1200;
const PADDING = 36;
const INNER_WIDTH = WIDTH - 2 * PADDING;
const ROW_HEIGHT = 36;
const PANEL_GAP = 36;
const GROUP_GAP = 30;
const LABEL_GAP = 14;

type Concatenation = Extract<TopLevelSpec, { vconcat: unknown }>;
type View = Concatenation['vconcat'][number];
type Title = Exclude<View['title'], undefined>;

interface Layout {
  /** Of the names of the rows, at the left. */
  readonly labelWidth: number;
  readonly panelWidth: number;
}

export function specificationOf(chart: Chart, theme: Theme): TopLevelSpec {
  const layout = layoutOf(chart);
  const groups = chart.groups.map(
    (group): View => ({
      hconcat: chart.panels.map((_, column) => panelOf(chart, group, column, layout, theme)),
      spacing: PANEL_GAP,
      bounds: 'flush',
    }),
  );
  return {
    background: theme.background,
    padding: PADDING,
    spacing: GROUP_GAP,
    title: {
      text: wrap(chart.title, INNER_WIDTH, FONT_SIZE.title, true),
      subtitle: wrap(chart.subtitle, INNER_WIDTH, FONT_SIZE.subtitle),
      offset: 26,
    },
    vconcat: [...groups, footerOf(chart, layout)],
    config: configurationOf(theme),
  };
}

function layoutOf(chart: Chart): Layout {
  const labels = chart.groups.flatMap(({ rows }) => rows.map(({ label }) => label));
  const labelWidth = Math.ceil(Math.max(...labels.map((label) => textWidth(label, FONT_SIZE.label, true))));
  const gaps = LABEL_GAP + (chart.panels.length - 1) * PANEL_GAP;
  return { labelWidth, panelWidth: Math.floor((INNER_WIDTH - labelWidth - gaps) / chart.panels.length) };
}

function panelOf(chart: Chart, group: Group, column: number, layout: Layout, theme: Theme): View {
  const title = titleOf(chart, group, column, theme);
  return {
    width: layout.panelWidth,
    height: ROW_HEIGHT * group.rows.length,
    ...(title !== undefined && { title }),
    encoding: {
      y: {
        field: 'label',
        type: 'nominal',
        sort: null,
        scale: { domain: group.rows.map(({ label }) => label), paddingInner: 0.3, paddingOuter: 0.15 },
        axis: column > 0 ? null : labelsOf(group, layout),
      },
    },
    layer: layersOf(chart, group, column, layout.panelWidth, theme),
  };
}

/** The names of the rows, those of this server in bold if there are others. */
function labelsOf(group: Group, { labelWidth }: Layout) {
  const all = group.rows.filter(({ emphasis }) => emphasis === 'ours').map(({ label }) => label);
  const ours = all.length < group.rows.length ? all : [];
  return {
    title: null,
    minExtent: labelWidth + LABEL_GAP,
    maxExtent: labelWidth + LABEL_GAP,
    labelFontWeight: {
      condition: { test: { field: 'value', oneOf: ours }, value: 'bold' as const },
      value: 'normal' as const,
    },
  };
}

/** The panels are named above the first group. Each group is named above its first panel. */
function titleOf(chart: Chart, group: Group, column: number, theme: Theme): Title | undefined {
  const groupTitle = column === 0 ? group.title : '';
  if (group !== chart.groups[0]) {
    return groupTitle === '' ? undefined : { text: groupTitle, fontSize: FONT_SIZE.label, offset: 8 };
  }
  const panelTitle = { text: chart.panels[column]?.title ?? '', fontSize: FONT_SIZE.heading, offset: 8 };
  if (group.title === '') return panelTitle;
  return {
    ...panelTitle,
    subtitle: groupTitle === '' ? ' ' : groupTitle,
    subtitleFontWeight: 600,
    subtitleColor: theme.text,
  };
}

function footerOf(chart: Chart, { labelWidth }: Layout): View {
  return {
    width: 1,
    height: 1,
    data: { values: [{}] },
    mark: {
      type: 'text',
      align: 'left',
      baseline: 'top',
      fontSize: FONT_SIZE.footer,
      text: wrap(chart.footer, INNER_WIDTH, FONT_SIZE.footer),
    },
    encoding: { x: { value: -labelWidth - LABEL_GAP }, y: { value: 0 } },
  };
}

function configurationOf(theme: Theme): NonNullable<Concatenation['config']> {
  return {
    aria: false,
    font: FONT,
    view: { stroke: null },
    title: {
      anchor: 'start',
      frame: 'bounds',
      color: theme.text,
      fontSize: FONT_SIZE.title,
      fontWeight: 700,
      subtitleColor: theme.quiet,
      subtitleFontSize: FONT_SIZE.subtitle,
      subtitlePadding: 10,
    },
    text: { color: theme.quiet },
    axisX: {
      domain: false,
      ticks: false,
      gridColor: theme.rule,
      labelColor: theme.quiet,
      labelFontSize: FONT_SIZE.footer,
      labelFlush: false,
      titleColor: theme.quiet,
      titleFontSize: FONT_SIZE.footer,
      titleFontWeight: 'normal',
    },
    axisY: {
      domain: false,
      ticks: false,
      labelColor: theme.text,
      labelFontSize: FONT_SIZE.label,
      labelPadding: LABEL_GAP,
      labelLimit: 0,
    },
  };
}
