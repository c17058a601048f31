/** What CPU-bound requests do to the others. */
import type { Estimate, Run, ScenarioResult, Summary } from '../../laboratory/results.ts';
import { armOf, emphasisOf, FASTIFY_ARM, labelOf, OUR_ARM, scenarioOf, sortedArms } from '../arms.ts';
import type { Chart, Value } from '../chart/chart.ts';
import { estimatedValue } from '../chart/estimated-value.ts';
import { escapeMarkdown } from '../escape.ts';
import { footerOf } from '../footer.ts';
import { milliseconds } from '../numbers.ts';
import type { Section } from '../section.ts';

const SCENARIO = 'isolation';

export const isolation: Section = {
  name: 'neighbours',
  title: 'Isolation: one slow request beside many fast ones',
  content(run) {
    const scenario = scenarioOf(run.scenarios, SCENARIO);
    if (scenario?.arms.some(({ summary }) => summary.p99Ms !== undefined) !== true) return undefined;
    const finding = findingOf(scenario);
    return { charts: [chartOf(run, scenario)], markdown: escapeMarkdown(`${finding}.`), finding };
  },
};

function chartOf(run: Run, scenario: ScenarioResult): Chart {
  const measures = [
    { title: 'p50', of: ({ p50Ms }: Summary) => p50Ms },
    { title: 'p99', of: ({ p99Ms }: Summary) => p99Ms },
    { title: 'p99.9', of: ({ p999Ms }: Summary) => p999Ms },
  ].filter(({ of }) => scenario.arms.some(({ summary }) => of(summary) !== undefined));
  return {
    name: SCENARIO,
    title: findingOf(scenario),
    subtitle: `Latency of GET /health while other clients keep CPU-bound handlers busy. Less is better. Lines are 95 % confidence intervals.`,
    panels: measures.map(({ title }) => ({ title, unit: 'ms', marks: 'bars' })),
    groups: [
      {
        title: '',
        rows: sortedArms(scenario).map(({ name, summary }) => ({
          label: labelOf(name),
          emphasis: emphasisOf(name),
          values: measures.map(({ of }) => optionalValue(of(summary))),
        })),
      },
    ],
    footer: footerOf(run),
  };
}

function findingOf(scenario: ScenarioResult): string {
  const tail = (arm: string) => armOf(scenario, arm)?.summary.p99Ms?.median;
  const ours = tail(OUR_ARM);
  const fastify = tail(FASTIFY_ARM);
  if (ours === undefined || fastify === undefined) return 'GET /health beside CPU-bound requests';
  return `Beside CPU-bound requests, 99 % of GET /health are answered within ${milliseconds(ours)}, by Fastify within ${milliseconds(fastify)}`;
}

function optionalValue(estimate: Estimate | undefined): Value | undefined {
  return estimate && estimatedValue(estimate, milliseconds);
}
