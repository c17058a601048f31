/** What each server takes of the memory, at rest and under load, beside the figures of the C++ design. */
import type { Run, ScenarioResult } from '../../laboratory/results.ts';
import { memoryTable } from '../../latency/tables.ts';
import { armOf, emphasisOf, FASTIFY_ARM, labelOf, OUR_ARM, scenarioOf, sortedArms } from '../arms.ts';
import type { Chart, Row } from '../chart/chart.ts';
import { estimatedValue } from '../chart/estimated-value.ts';
import { DESIGN_LABEL, DESIGN_MEMORY_MB } from '../design.ts';
import { escapeMarkdown } from '../escape.ts';
import { footerOf } from '../footer.ts';
import { enumerate, paragraphs, table } from '../markdown.ts';
import { grouped, megabytes, ratio, significant } from '../numbers.ts';
import type { Section } from '../section.ts';

/** The first that was measured is shown. */
const SCENARIOS = ['health', 'vm-read'];
const CLUSTER = 'fastify-cluster';

export const memory: Section = {
  name: 'memory',
  title: 'Memory',
  content(run) {
    const [scenario] = SCENARIOS.flatMap((name) => scenarioOf(run.scenarios, name) ?? []);
    if (scenario === undefined) return undefined;
    return {
      charts: [chartOf(run, scenario)],
      markdown: markdownOf(run, scenario),
      finding: findingOf(scenario),
    };
  },
};

function chartOf(run: Run, scenario: ScenarioResult): Chart {
  const measured = sortedArms(scenario).map(
    ({ name, memoryAtRestMb, summary: { memoryMb } }): Row => ({
      label: labelOf(name),
      emphasis: emphasisOf(name),
      values: [
        { value: memoryAtRestMb, text: megabytes(memoryAtRestMb) },
        estimatedValue(memoryMb, megabytes),
      ],
    }),
  );
  const figure = (label: string, value: number): Row => ({
    label,
    emphasis: 'reference',
    values: [
      { value, text: megabytes(value) },
      { value, text: megabytes(value) },
    ],
  });
  return {
    name: 'memory',
    title: findingOf(scenario),
    subtitle: `Proportional set size of all processes of a server. Less is better. Load: scenario ${scenario.name}. Orange: what the C++ design names.`,
    panels: [
      { title: 'At rest', unit: 'MB', marks: 'bars' },
      { title: 'Under load', unit: 'MB', marks: 'bars' },
    ],
    groups: [
      {
        title: '',
        rows: [
          ...measured,
          figure(DESIGN_LABEL, DESIGN_MEMORY_MB.total),
          figure('its figure for Node.js', DESIGN_MEMORY_MB.nodeEquivalent),
        ],
      },
    ],
    footer: footerOf(run),
  };
}

function underLoad(scenario: ScenarioResult, arm: string): number | undefined {
  return armOf(scenario, arm)?.summary.memoryMb.median;
}

function findingOf(scenario: ScenarioResult): string {
  const ours = underLoad(scenario, OUR_ARM);
  if (ours === undefined) return 'Memory of each server';
  const beside = [FASTIFY_ARM, CLUSTER].flatMap((arm) => {
    const other = underLoad(scenario, arm);
    return other === undefined ? [] : `${ratio(ours / other)} times as much as ${labelOf(arm)}`;
  });
  return [`This server takes ${megabytes(ours)} under load`, enumerate(beside)]
    .filter((part) => part !== '')
    .join(': ');
}

function markdownOf({ latency }: Run, scenario: ScenarioResult): string {
  const alone = latency?.memory;
  return paragraphs(
    escapeMarkdown(`${findingOf(scenario)}.`),
    alone === undefined ? designTable(scenario) : paragraphs(ALONE, memoryTable(alone)),
    WHY_MORE,
  );
}

const ALONE =
  'The CloudVM application beside the design, measured while it was the only server. So nobody shared the pages ' +
  'of Node.js with it, as the servers in the chart do, where they count in part.';

const WHY_MORE =
  'Where it takes more: each worker is an isolate of V8 with a heap, compiled code and the application of its own, ' +
  'where a thread in C++ has little more than a stack. Without any worker there is Node.js itself, whose program ' +
  'alone has more than the design’s base. Under load, heaps grow before V8 collects garbage.';

/** Base and memory of a thread come from the arms with different numbers of workers. */
function designTable(scenario: ScenarioResult): string | undefined {
  const one = armOf(scenario, 'wasm-1')?.memoryAtRestMb;
  const eight = armOf(scenario, OUR_ARM)?.memoryAtRestMb;
  if (one === undefined || eight === undefined) return undefined;
  const perThread = (eight - one) / 7;
  const rows = [
    { name: 'without its threads', ours: one - perThread, design: DESIGN_MEMORY_MB.base },
    { name: 'each thread', ours: perThread, design: DESIGN_MEMORY_MB.perThread },
    { name: 'with 8 threads, at rest', ours: eight, design: DESIGN_MEMORY_MB.total },
  ];
  return table([
    ['', 'this server, MB', DESIGN_LABEL, 'ratio'],
    ...rows.map(({ name, ours, design }) => [name, significant(ours), grouped(design), ratio(ours / design)]),
  ]);
}
