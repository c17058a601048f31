/** Requests per second by the number of workers, beside the figures of the C++ design. */
import type { Run, ScenarioResult } from '../../laboratory/results.ts';
import { armOf, OUR_ARM, scenarioOf } from '../arms.ts';
import type { Chart, Group, Row, Value } from '../chart/chart.ts';
import { estimatedValue } from '../chart/estimated-value.ts';
import { DESIGN_LABEL, DESIGN_THROUGHPUT } from '../design.ts';
import { escapeMarkdown } from '../escape.ts';
import { footerOf } from '../footer.ts';
import { enumerate, paragraphs, table } from '../markdown.ts';
import { grouped, significant, withSpread } from '../numbers.ts';
import type { Section } from '../section.ts';

const USUAL_WORKERS = 8;
const SCENARIOS: Readonly<Record<string, string>> = { health: 'GET /health', 'vm-read': 'GET /api/vms/:id' };

export const workers: Section = {
  name: 'workers',
  title: 'Throughput with 1, 8 and 16 workers',
  content(run) {
    const scenarios = Object.keys(SCENARIOS).flatMap((name) => scenarioOf(run.scenarios, name) ?? []);
    const measured = scenarios.filter((scenario) => armWith(scenario, 1) !== undefined);
    if (measured.length === 0) return undefined;
    return {
      charts: [chartOf(run, measured)],
      markdown: markdownOf(run, measured),
      finding: findingOf(run, measured),
    };
  },
};

function armWith(scenario: ScenarioResult, threads: number) {
  return armOf(scenario, threads === USUAL_WORKERS ? OUR_ARM : `${OUR_ARM}-${threads}`);
}

function throughputOf(scenario: ScenarioResult, threads: number) {
  return armWith(scenario, threads)?.summary.requestsPerSecond;
}

function chartOf(run: Run, scenarios: readonly ScenarioResult[]): Chart {
  return {
    name: 'workers',
    title: findingOf(run, scenarios),
    subtitle: `Requests per second. More is better. Orange: what the C++ design names, on a machine of its own.`,
    panels: scenarios.map(({ name }) => ({
      title: SCENARIOS[name] ?? name,
      unit: 'requests per second',
      marks: 'bars',
    })),
    groups: DESIGN_THROUGHPUT.map((figure) => groupOf(scenarios, figure)),
    footer: footerOf(run),
  };
}

function groupOf(
  scenarios: readonly ScenarioResult[],
  { threads, requestsPerSecond }: (typeof DESIGN_THROUGHPUT)[number],
): Group {
  const rows: Row[] = [
    {
      label: 'CloudVM backend',
      emphasis: 'ours',
      values: scenarios.map((scenario) => throughputValue(scenario, threads)),
    },
    {
      label: DESIGN_LABEL,
      emphasis: 'reference',
      values: scenarios.map(() => ({ value: requestsPerSecond, text: grouped(requestsPerSecond) })),
    },
  ];
  return { title: threads === 1 ? '1 thread' : `${threads} threads`, rows };
}

function throughputValue(scenario: ScenarioResult, threads: number): Value | undefined {
  const estimate = throughputOf(scenario, threads);
  return estimate && estimatedValue(estimate, grouped);
}

/** With the usual number of workers. The chart shows the others. */
function findingOf({ machine }: Run, scenarios: readonly ScenarioResult[]): string {
  const figure = DESIGN_THROUGHPUT.find(({ threads }) => threads === USUAL_WORKERS);
  const beside = scenarios.flatMap((scenario) => {
    const ours = throughputOf(scenario, USUAL_WORKERS);
    if (ours === undefined || figure === undefined) return [];
    return `${significant(ours.median / figure.requestsPerSecond)}× on ${SCENARIOS[scenario.name]}`;
  });
  const words = `On ${machine.cores} cores, requests per second beside the C++ design’s figure for ${USUAL_WORKERS} threads`;
  return beside.length === 0 ? words : `${words}: ${enumerate(beside)}`;
}

function markdownOf(run: Run, scenarios: readonly ScenarioResult[]): string {
  const header = [
    ...['workers', `${DESIGN_LABEL}, requests/s`],
    ...scenarios.flatMap(({ name }) => [`${SCENARIOS[name]}, requests/s`, 'verdict']),
  ];
  const rows = DESIGN_THROUGHPUT.map(({ threads, requestsPerSecond }) => [
    String(threads),
    grouped(requestsPerSecond),
    ...scenarios.flatMap((scenario) => {
      const ours = throughputOf(scenario, threads);
      if (ours === undefined) return ['–', '–'];
      return [withSpread(ours, grouped), ours.median < requestsPerSecond ? 'worse' : 'better'];
    }),
  ]);
  return paragraphs(
    table([header, ...rows]),
    escapeMarkdown(
      `The machine has ${run.machine.cores} cores, which the load generator shares. So more workers than cores add no throughput here. They keep slow handlers apart.`,
    ),
  );
}
