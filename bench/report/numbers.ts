/** Numbers as the report shows them: with as many digits as they deserve. */
import type { Estimate } from '../laboratory/results.ts';

const NO_VALUE = '–';

/** 1.81 */
export function ratio(value: number): string {
  return value >= 100 ? grouped(value) : value.toFixed(2);
}

/** 1.81 (1.70 to 1.90) */
export function ratioWithInterval({ median, low, high }: Estimate): string {
  return `${ratio(median)} (${ratio(low)} to ${ratio(high)})`;
}

/** 110,000 */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Three significant digits: 0.410, 11.2, 1,230. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return NO_VALUE;
  if (Math.abs(value) >= 100) return grouped(Number(value.toPrecision(3)));
  return value === 0 ? '0' : value.toPrecision(3);
}

/** The same without zeros at the end: 0.41. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

export function milliseconds(value: number): string {
  return `${significant(value)} ms`;
}

/** 175 MB, and 0.41 MB of what is small. */
export function megabytes(value: number): string {
  return `${value < 10 ? short(value) : grouped(value)} MB`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** 110,000 ± 2 %: half of the interval. */
export function withSpread({ median, low, high }: Estimate, text: (value: number) => string): string {
  const spread = median === 0 ? 0 : ((high - low) / 2 / median) * 100;
  return `${text(median)} ± ${spread < 1 ? spread.toFixed(1) : spread.toFixed(0)} %`;
}
