/** The chart at the top: this server beside others where nothing is done, and where a database is read. */
import type { Run } from '../../laboratory/results.ts';
import {
  emphasisOf,
  FASTIFY_ARM,
  labelOf,
  ONE,
  OUR_ARM,
  ratioOf,
  type ScenarioResult,
  scenarioOf,
  standing,
} from '../arms.ts';
import type { Chart, Group, Row } from '../chart/chart.ts';
import { ratioValue } from '../chart/estimated-value.ts';
import { footerOf } from '../footer.ts';
import { capitalized } from '../markdown.ts';
import { ratio } from '../numbers.ts';
import { roundsOf } from '../rounds.ts';
import type { Section } from '../section.ts';

const SCENARIOS: Readonly<Record<string, string>> = {
  health: 'GET /health, whose handler does nothing',
  'vm-read': 'GET /api/vms/:id, which checks a token and reads a database',
};
const ARMS = [
  OUR_ARM,
  FASTIFY_ARM,
  'fastify-batched',
  'fastify-cluster',
  'node-http',
  'bun',
  'cpp-httplib',
  'epoll',
];

export const headline: Section = {
  name: 'headline',
  title: 'In one picture',
  content(run) {
    const scenarios = Object.keys(SCENARIOS).flatMap((name) => scenarioOf(run.scenarios, name) ?? []);
    const comparable = scenarios.filter((scenario) => ratioOf(scenario, OUR_ARM, FASTIFY_ARM) !== undefined);
    if (comparable.length === 0) return undefined;
    return { charts: [chartOf(run, comparable)], markdown: '' };
  },
};

function chartOf(run: Run, scenarios: readonly ScenarioResult[]): Chart {
  return {
    name: 'headline',
    title: capitalized(scenarios.map(findingOf).join(', ')),
    subtitle: `Ratios to Fastify on the same machine in the same minutes. Lines are 95 % confidence intervals. ${roundsOf({ ...run, scenarios: [...scenarios] })}.`,
    panels: [
      { title: 'Requests per second: more is better', unit: 'times Fastify', marks: 'bars', reference: 1 },
      { title: 'CPU per request: less is better', unit: 'times Fastify', marks: 'bars', reference: 1 },
    ],
    groups: scenarios.map(groupOf),
    footer: footerOf(run),
  };
}

/** Only the first scenario names what the ratios are to. What an interval does not show is not claimed. */
function findingOf(scenario: ScenarioResult, index: number): string {
  const found = ratioOf(scenario, OUR_ARM, FASTIFY_ARM);
  if (found === undefined) throw new Error(`${scenario.name} has no ratio to Fastify`);
  const [name] = (SCENARIOS[scenario.name] ?? scenario.name).split(',');
  const { requestsPerSecond, cpuMicrosecondsPerRequest } = found;
  const cpu = `${ratio(cpuMicrosecondsPerRequest.median)}×`;
  if (standing(requestsPerSecond) === 'level') {
    const { low, high } = requestsPerSecond;
    return `level with Fastify (${ratio(low)}× to ${ratio(high)}×) at ${cpu} its CPU on ${name}`;
  }
  const throughput = `${ratio(requestsPerSecond.median)}×`;
  return index === 0
    ? `${throughput} Fastify’s throughput at ${cpu} its CPU on ${name}`
    : `${throughput} at ${cpu} on ${name}`;
}

function groupOf(scenario: ScenarioResult): Group {
  const rows = ARMS.flatMap((arm): Row[] => {
    const found = arm === FASTIFY_ARM ? undefined : ratioOf(scenario, arm, FASTIFY_ARM);
    if (found === undefined && arm !== FASTIFY_ARM) return [];
    const { requestsPerSecond = ONE, cpuMicrosecondsPerRequest = ONE } = found ?? {};
    return [
      {
        label: labelOf(arm),
        emphasis: emphasisOf(arm),
        values: [ratioValue(requestsPerSecond), ratioValue(cpuMicrosecondsPerRequest)],
      },
    ];
  });
  return { title: SCENARIOS[scenario.name] ?? scenario.name, rows };
}
