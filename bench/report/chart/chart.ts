/**
 * What a chart says, without how it is drawn. A chart has groups of rows from top to bottom, and panels from
 * left to right.
 */
import type { Emphasis } from './theme.ts';

export interface Chart {
  /** Of the files, without suffix: lower case and hyphens. */
  readonly name: string;
  /** The finding, in a sentence. */
  readonly title: string;
  /** What was measured, and how. */
  readonly subtitle: string;
  readonly panels: readonly Panel[];
  readonly groups: readonly Group[];
  /** Machine, commit and date. */
  readonly footer: string;
}

export interface Panel {
  /** What its values are, and which direction is better. */
  readonly title: string;
  /** Of its axis. */
  readonly unit: string;
  /** Bars begin at 0. Points are on a logarithmic axis, for values that differ by orders of magnitude. */
  readonly marks: 'bars' | 'points';
  /** A line across all rows, such as at 1 for ratios. */
  readonly reference?: number;
}

export interface Group {
  /** Empty if there is only one. */
  readonly title: string;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly label: string;
  readonly emphasis: Emphasis;
  /** One for each panel, in their order. undefined if it was not measured. */
  readonly values: readonly (Value | undefined)[];
}

export interface Value {
  readonly value: number;
  /** The ends of a whisker, such as a confidence interval. */
  readonly low?: number;
  readonly high?: number;
  /** As a person reads it. */
  readonly text: string;
}
