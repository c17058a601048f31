/**
 * A section of the report: it finds its data in a run, and says what they show. A new one is added to the
 * list in sections.ts, and needs no other change.
 */
import type { Run } from '../laboratory/results.ts';
import type { Chart } from './chart/chart.ts';

export interface Section {
  /** For explanations.md and links: lower case and hyphens. */
  readonly name: string;
  readonly title: string;
  /** @returns undefined if the run has no data of it. The report says so then. */
  content(run: Run): SectionContent | undefined;
}

export interface SectionContent {
  /** Shown above the Markdown, in a light and a dark variant. */
  readonly charts: readonly Chart[];
  /** Without a heading of level 1 or 2. All numbers in it are computed from the run. */
  readonly markdown: string;
  /** A sentence for the README of the project, without a full stop. */
  readonly finding?: string;
  /** The same facts for programs. */
  readonly data?: unknown;
}
