/** The sections of the report, in their order. */
import type { Run } from '../laboratory/results.ts';
import type { Section } from './section.ts';
import { coreStages } from './sections/core-stages.ts';
import { cores } from './sections/cores.ts';
import { fixedRate } from './sections/fixed-rate.ts';
import { headline } from './sections/headline.ts';
import { isolation } from './sections/isolation.ts';
import { memory } from './sections/memory.ts';
import { overview } from './sections/overview.ts';
import { scenarioSection } from './sections/scenario.ts';
import { stages } from './sections/stages.ts';
import { workers } from './sections/workers.ts';

const SECTIONS: readonly Section[] = [
  headline,
  overview,
  fixedRate,
  isolation,
  stages,
  memory,
  workers,
  cores,
  coreStages,
];

export function sectionsOf(run: Run): Section[] {
  return [...SECTIONS, ...run.scenarios.map(scenarioSection)];
}
