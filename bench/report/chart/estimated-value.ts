/** The value of an estimate, with its confidence interval as a whisker. */
import type { Estimate } from '../../laboratory/results.ts';
import { ratio } from '../numbers.ts';
import type { Value } from './chart.ts';

export function estimatedValue({ median, low, high }: Estimate, text: (value: number) => string): Value {
  return { value: median, low, high, text: text(median) };
}

export function ratioValue(estimate: Estimate): Value {
  return estimatedValue(estimate, (value) => `${ratio(value)}×`);
}
