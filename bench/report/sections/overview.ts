/** Where this server wins and where it loses, scenario by scenario. */
import type { Estimate, FixedRateSummary, Ratio, Run, ScenarioResult } from '../../laboratory/results.ts';
import {
  armOf,
  emphasisOf,
  FASTIFY_ARM,
  labelOf,
  OUR_ARM,
  ratioOf,
  type Standing,
  standing,
} from '../arms.ts';
import { escapeMarkdown } from '../escape.ts';
import { enumerate, paragraphs, table, textTable } from '../markdown.ts';
import { ratio, ratioWithInterval } from '../numbers.ts';
import type { Section } from '../section.ts';

const WORDS: Readonly<Record<Standing, string>> = { more: 'ahead', level: 'level', less: 'behind' };
const NOTHING = '–';

interface Comparison {
  readonly scenario: ScenarioResult;
  readonly throughput: Standing;
  readonly row: readonly string[];
}

export const overview: Section = {
  name: 'overview',
  title: 'Where it wins, and where it loses',
  content(run) {
    const comparisons = run.scenarios.flatMap((scenario) => comparisonOf(scenario) ?? []);
    if (comparisons.length === 0) return undefined;
    return { charts: [], markdown: markdownOf(run, comparisons) };
  },
};

function comparisonOf(scenario: ScenarioResult): Comparison | undefined {
  const found = ratioOf(scenario, OUR_ARM, FASTIFY_ARM);
  if (found === undefined) return undefined;
  const { requestsPerSecond, cpuMicrosecondsPerRequest, memoryMb } = found;
  const throughput = standing(requestsPerSecond);
  return {
    scenario,
    throughput,
    row: [
      scenario.name,
      WORDS[throughput],
      ratioWithInterval(requestsPerSecond),
      ratioWithInterval(cpuMicrosecondsPerRequest),
      tailRatio(scenario),
      ratio(memoryMb.median),
    ],
  };
}

/** Of the p99 at the lowest of the fixed rates. */
function tailRatio(scenario: ScenarioResult): string {
  const rate = (arm: string): FixedRateSummary | undefined => armOf(scenario, arm)?.fixedRateSummaries[0];
  const ours = rate(OUR_ARM);
  const fastify = rate(FASTIFY_ARM);
  return ours === undefined || fastify === undefined ? NOTHING : ratio(ours.p99Ms / fastify.p99Ms);
}

function markdownOf(run: Run, comparisons: readonly Comparison[]): string {
  const header = ['scenario', 'beside Fastify', 'requests/s', 'CPU/request', 'p99 at half load', 'memory'];
  return paragraphs(
    'This server (WebAssembly core, 8 workers) beside Fastify in one process. Every number is a ratio to ' +
      'Fastify. More requests per second are better, less of everything else. In parentheses is the 95 % ' +
      'confidence interval. "Level" means that the interval has 1 in it.',
    table([header, ...comparisons.map(({ row }) => row)]),
    summaryOf(comparisons),
    betterServers(run),
    failuresOf(run),
  );
}

function summaryOf(comparisons: readonly Comparison[]): string {
  const named = (wanted: Standing) =>
    comparisons.filter(({ throughput }) => throughput === wanted).map(({ scenario }) => scenario.name);
  const parts = (['more', 'level', 'less'] as const).map((wanted) => {
    const names = named(wanted);
    return `${WORDS[wanted]} in ${names.length === 0 ? 'none' : `${names.length} (${enumerate(names)})`}`;
  });
  return escapeMarkdown(`By requests per second it is ${enumerate(parts)}.`);
}

function failuresOf({ scenarios }: Run): string | undefined {
  const failed = scenarios.filter(({ failure }) => failure !== undefined).map(({ name }) => name);
  return failed.length === 0
    ? undefined
    : escapeMarkdown(`Not measured, because they failed: ${enumerate(failed)}.`);
}

interface Measure {
  readonly title: string;
  of(ratio: Ratio): Estimate;
  readonly better: Standing;
}

const MEASURES: readonly Measure[] = [
  { title: 'more requests/s in', of: ({ requestsPerSecond }) => requestsPerSecond, better: 'more' },
  {
    title: 'less CPU/request in',
    of: ({ cpuMicrosecondsPerRequest }) => cpuMicrosecondsPerRequest,
    better: 'less',
  },
];

/** Every server that beats this one somewhere, and by how much. */
export function betterServers({ scenarios }: Pick<Run, 'scenarios'>): string {
  const names = new Set(scenarios.flatMap(({ arms }) => arms.map(({ name }) => name)));
  const rows = [...names]
    .filter((name) => emphasisOf(name) === 'other')
    .map((name) => [
      labelOf(name),
      ...MEASURES.map(({ of, better }) => enumerate(placesOf(name, scenarios, of, better)) || NOTHING),
    ])
    .filter(([, ...cells]) => cells.some((cell) => cell !== NOTHING));
  if (rows.length === 0) return 'No other server beats it in a scenario.';
  return textTable([['other servers have', ...MEASURES.map(({ title }) => title)], ...rows]);
}

function placesOf(
  arm: string,
  scenarios: readonly ScenarioResult[],
  of: Measure['of'],
  better: Standing,
): string[] {
  return scenarios.flatMap((scenario) => {
    const found = ratioOf(scenario, arm, OUR_ARM);
    if (found === undefined || standing(of(found)) !== better) return [];
    return `${scenario.name} (${ratio(of(found).median)}×)`;
  });
}
