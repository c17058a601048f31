/** What is drawn in a panel, from back to front: bars, a line of reference, whiskers, points, texts. */
import type { TopLevelSpec } from 'vega-lite';
import type { Chart, Group, Panel } from './chart.ts';
import { scaleOf } from './scale.ts';
import { textWidth } from './text.ts';
import { FONT_SIZE, type Theme } from './theme.ts';

export type Layer = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];

const TEXT_GAP = 10;
const NOT_MEASURED = 'not measured';

interface Mark {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  readonly color: string;
}

export function layersOf(chart: Chart, group: Group, column: number, width: number, theme: Theme): Layer[] {
  const panel = chart.panels[column];
  if (panel === undefined) throw new Error(`${chart.name} has no panel ${column}`);
  const x = axisOf(chart, group, column, width, panel);
  const data = { values: marksOf(group, column, theme) };
  const text = { type: 'text', align: 'left', dx: TEXT_GAP, fontSize: FONT_SIZE.label } as const;
  const textEncoding = { x: { ...x, field: 'high' }, text: { field: 'text', type: 'nominal' } } as const;
  const marks: Layer = {
    data,
    mark: panel.marks === 'bars' ? { type: 'bar' } : { type: 'circle', size: 220, opacity: 1 },
    encoding: { x: { ...x, field: 'value' }, color: { field: 'color', type: 'nominal', scale: null } },
  };
  const whiskers: Layer = {
    data,
    transform: [{ filter: 'datum.high > datum.low' }],
    mark: { type: 'rule', strokeWidth: 2, color: theme.text },
    encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' } },
  };
  const reference = referenceOf(panel, x, theme);
  return [
    ...(panel.marks === 'bars' ? [marks, ...reference, whiskers] : [...reference, whiskers, marks]),
    // A rim in the colour of the background keeps a text legible where a line runs behind it.
    { data, mark: { ...text, stroke: theme.background, strokeWidth: 6 }, encoding: textEncoding },
    { data, mark: { ...text, color: theme.text }, encoding: textEncoding },
    {
      data: { values: missingOf(group, column) },
      mark: { ...text, dx: TEXT_GAP, text: NOT_MEASURED },
      encoding: { x: { value: 0 } },
    },
  ];
}

function axisOf(chart: Chart, group: Group, column: number, width: number, panel: Panel) {
  const texts = chart.groups.flatMap(({ rows }) => rows.map((row) => row.values[column]?.text ?? ''));
  const textRoom = TEXT_GAP + Math.max(...texts.map((text) => textWidth(text, FONT_SIZE.label)));
  const { type, domain, ticks } = scaleOf(chart, column, textRoom / width);
  const isLast = group === chart.groups.at(-1);
  return {
    type: 'quantitative' as const,
    scale: { type, domain: [...domain], nice: false },
    axis: {
      values: [...ticks],
      format: ',.4~r',
      labels: isLast,
      title: isLast ? panel.unit : null,
      titleAnchor: 'start' as const,
    },
  };
}

function marksOf(group: Group, column: number, theme: Theme): Mark[] {
  return group.rows.flatMap(({ label, emphasis, values }) => {
    const value = values[column];
    if (value === undefined) return [];
    const { low = value.value, high = value.value } = value;
    return [{ ...value, label, low, high, color: theme.colors[emphasis] }];
  });
}

function missingOf(group: Group, column: number): { readonly label: string }[] {
  return group.rows.flatMap(({ label, values }) => (values[column] === undefined ? [{ label }] : []));
}

function referenceOf({ reference }: Panel, x: ReturnType<typeof axisOf>, theme: Theme): Layer[] {
  if (reference === undefined) return [];
  return [
    {
      data: { values: [{ reference }] },
      mark: { type: 'rule', strokeWidth: 2, strokeDash: [6, 4], color: theme.quiet },
      encoding: { x: { ...x, field: 'reference' }, y: { value: 0 }, y2: { value: 'height' } },
    },
  ];
}
