/** Holds figures against their promises, or against the figures of another commit. */
import type { Check } from '../check.ts';
import { type Figures, whySkipped } from './figures.ts';
import type { FigurePromise } from './promises.ts';

/** Figures that are counts are rarely exact: a timer fires, a thread is woken once more. */
const ROUNDING = 0.005;

export function judgeFigures(
  promises: readonly FigurePromise[],
  figures: Figures,
  architecture: string = process.arch,
): Check[] {
  return promises.map((promise) => {
    const { atMost, only, unit } = promise;
    const limit = typeof atMost === 'number' ? atMost : limitOf(atMost, figures);
    const value = figures.values.get(promise.figure);
    if (value === undefined || limit === undefined) return skip(promise, whyMissing(figures, promise.figure));
    if (only !== undefined && only !== architecture) {
      return skip(promise, `${number(value)} ${unit}, but the limit is known for ${only} only`);
    }
    const isKept = value <= limit + ROUNDING * Math.max(1, limit);
    return check(promise, isKept, `${number(value)} ${unit}`, `at most ${describe(promise, limit)}`, {
      value,
      limit,
    });
  });
}

export function compareFigures(
  promises: readonly FigurePromise[],
  figures: Figures,
  base: Figures,
  baseName: string,
): Check[] {
  return promises
    .filter(({ tolerance }) => Number.isFinite(tolerance))
    .map((promise) => {
      const { figure, tolerance, unit } = promise;
      const value = figures.values.get(figure);
      const baseValue = base.values.get(figure);
      const group = `${promise.group}, beside ${baseName}`;
      const because = 'both are counted here, on this machine';
      const here = { ...promise, group, because };
      if (value === undefined) return skip(here, whyMissing(figures, figure));
      if (baseValue === undefined) return skip(here, whyMissing(base, figure));
      const isKept = value <= baseValue * tolerance + ROUNDING * Math.max(1, baseValue);
      const change = baseValue === 0 ? '' : `, ${percent(value / baseValue)}`;
      return check(
        here,
        isKept,
        `${number(value)} ${unit}${change}`,
        `at most ${number(tolerance)} times the ${number(baseValue)} of ${baseName}`,
        { value, base: baseValue, tolerance },
      );
    });
}

function limitOf({ times, of }: { times: number; of: string }, { values }: Figures): number | undefined {
  const value = values.get(of);
  return value === undefined ? undefined : value * times;
}

function describe({ atMost, unit }: FigurePromise, limit: number): string {
  if (typeof atMost === 'number') return `${number(limit)} ${unit}`;
  return `${number(limit)} ${unit}, ${atMost.times} times the ${number(limit / atMost.times)} of ${atMost.of}`;
}

function check(
  { group, title, because }: FigurePromise,
  isKept: boolean,
  found: string,
  promise: string,
  data: Record<string, unknown>,
): Check {
  return { group, name: title, outcome: isKept ? 'pass' : 'fail', found, promise, because, data };
}

function skip(promise: FigurePromise, why: string): Check {
  const { group, title, because } = promise;
  return { group, name: title, outcome: 'skipped', found: why, promise: 'not measured here', because };
}

function whyMissing(figures: Figures, name: string): string {
  return whySkipped(figures, name) ?? 'it was not measured';
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 0 });
}

function percent(ratio: number): string {
  const change = (ratio - 1) * 100;
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} %`;
}
