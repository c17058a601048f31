/** The axes of a chart. All groups of a panel have the same one, with room for the texts of its values. */
import type { Chart, Panel, Value } from './chart.ts';

export interface Scale {
  readonly type: 'linear' | 'log';
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

/** Beside the smallest and the largest point on a logarithmic axis, as a share of their distance. */
const LOGARITHMIC_MARGIN = 0.08;
const LEAST_TEXT_SHARE = 0.05;
const MOST_TEXT_SHARE = 0.7;
const MOST_TICKS = 5;

/** @param textShare the share of the width that the texts take, beyond the largest value */
export function scaleOf(chart: Chart, column: number, textShare: number): Scale {
  const panel = chart.panels[column];
  const values = chart.groups.flatMap(({ rows }) =>
    rows.flatMap((row): Value[] => {
      const value = row.values[column];
      return value === undefined ? [] : [value];
    }),
  );
  const marks = 1 - Math.min(Math.max(textShare, LEAST_TEXT_SHARE), MOST_TEXT_SHARE);
  const extremes = [...values.flatMap(extremesOf), ...referenceOf(panel)];
  return panel?.marks === 'points' ? logarithmic(extremes, marks) : linear(extremes, marks);
}

function extremesOf({ value, low, high }: Value): number[] {
  return [low ?? value, value, high ?? value].filter(Number.isFinite);
}

function referenceOf(panel: Panel | undefined): number[] {
  return panel?.reference === undefined ? [] : [panel.reference];
}

function linear(values: readonly number[], marks: number): Scale {
  const most = Math.max(...values, Number.MIN_VALUE);
  return { type: 'linear', domain: [0, most / marks], ticks: roundTicks(0, most) };
}

function logarithmic(values: readonly number[], marks: number): Scale {
  const positive = values.filter((value) => value > 0);
  const smallest = Math.min(...positive);
  const largest = Math.max(...positive);
  if (positive.length === 0 || smallest === largest) return linear(values, marks);
  const margin = (largest / smallest) ** LOGARITHMIC_MARGIN;
  const least = smallest / margin;
  const most = largest * margin;
  return {
    type: 'log',
    domain: [least, least * (most / least) ** (1 / marks)],
    ticks: most / least < 20 ? roundTicks(least, most) : powersOfTen(least, most),
  };
}

function roundTicks(least: number, most: number): number[] {
  const step = roundStep((most - least) / (MOST_TICKS - 1));
  const first = Math.ceil(least / step);
  const count = Math.floor(most / step) - first + 1;
  return Array.from({ length: count }, (_, index) => withoutNoise((first + index) * step));
}

/** The next of 1, 2, 2.5, 5, 10, 20 and so on. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= least) ?? 10;
  return factor * power;
}

function powersOfTen(least: number, most: number): number[] {
  const first = Math.ceil(Math.log10(least));
  const count = Math.floor(Math.log10(most)) - first + 1;
  return Array.from({ length: count }, (_, index) => withoutNoise(10 ** (first + index)));
}

/** Without the last digits of binary fractions. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(6));
}
