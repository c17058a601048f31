/**
 * How sure a median is. The bootstrap draws as many values as there are, with replacement, takes the median,
 * and does so many times. The middle 95 % of those medians are the interval. It assumes no distribution. With
 * few rounds it is coarse: five values can give no interval beyond the least and the greatest of them.
 */

import { type Random, seededRandom } from './random.ts';
import type { Estimate } from './results.ts';
import { quantile } from './statistics.ts';

const RESAMPLES = 2000;
const LOW = 0.025;
const HIGH = 0.975;
/** Fixed, so that the same rounds give the same interval. */
const SEED = 11;

/** @param values at least one */
export function estimate(values: readonly number[]): Estimate {
  const random = seededRandom(SEED);
  const medians = Array.from({ length: RESAMPLES }, () => medianOfResample(values, random)).sort(ascending);
  return { median: median(values), low: quantile(medians, LOW), high: quantile(medians, HIGH) };
}

/** The median of the ratios of values that belong together, such as those of one round. */
export function estimateRatio(values: readonly number[], others: readonly number[]): Estimate {
  if (values.length !== others.length) throw new Error('values without a partner have no ratio');
  return estimate(values.map((value, index) => value / (others[index] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  return quantile(values.toSorted(ascending), 0.5);
}

function medianOfResample(values: readonly number[], random: Random): number {
  return median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN));
}

function ascending(one: number, other: number): number {
  return one - other;
}
