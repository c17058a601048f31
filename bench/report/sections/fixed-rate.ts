/** How long requests take when all servers get the same number of them a second. */
import { median } from '../../laboratory/bootstrap.ts';
import type { FixedRateSummary, Run, ScenarioResult } from '../../laboratory/results.ts';
import { armOf, emphasisOf, FASTIFY_ARM, labelOf, OUR_ARM, scenarioOf } from '../arms.ts';
import type { Chart, Group, Panel, Row, Value } from '../chart/chart.ts';
import { escapeMarkdown } from '../escape.ts';
import { footerOf } from '../footer.ts';
import { paragraphs } from '../markdown.ts';
import { grouped, milliseconds, percent } from '../numbers.ts';
import type { Section } from '../section.ts';
import { FOLLOWED } from './scenario-table.ts';

const SCENARIOS: Readonly<Record<string, string>> = {
  health: 'GET /health',
  'vm-read': 'GET /api/vms/:id',
  'mixed-api': 'A mixed API',
};
const ARMS = [OUR_ARM, FASTIFY_ARM, 'fastify-batched', 'fastify-cluster', 'node-http', 'bun', 'cpp-httplib'];

export const fixedRate: Section = {
  name: 'fixed-rate',
  title: 'Latency at a fixed rate',
  content(run) {
    const scenarios = Object.keys(SCENARIOS).flatMap((name) => scenarioOf(run.scenarios, name) ?? []);
    const measured = scenarios.filter((scenario) => ratesOf(scenario).length > 0);
    if (measured.length === 0) return undefined;
    return {
      charts: measured.map((scenario) => chartOf(run, scenario)),
      markdown: paragraphs(
        'Every server gets the same requests by the same clock, whether it has answered the ones before or not. ' +
          'A latency counts from the moment at which the request was due, so a stall shows in all requests that ' +
          'it held up. The rate is a share of what the slowest of the servers answers when it is asked as ' +
          'fast as it goes.',
        ...measured.map((scenario) => escapeMarkdown(`${findingOf(scenario)}. ${latenessOf(scenario)}`)),
      ),
    };
  },
};

function ratesOf({ arms }: ScenarioResult): number[] {
  const shares = arms.flatMap(({ fixedRateSummaries }) =>
    fixedRateSummaries.map((rate) => rate.shareOfCapacity),
  );
  return [...new Set(shares)].toSorted((one, other) => one - other);
}

function chartOf(run: Run, scenario: ScenarioResult): Chart {
  const panels = ['p50', 'p99', 'p99.9'].map((name): Panel => ({ title: name, unit: 'ms', marks: 'bars' }));
  return {
    name: `latency-${scenario.name}`,
    title: findingOf(scenario),
    subtitle:
      'Latencies from the moment a request was due, at the same rate for every server. Less is better.',
    panels,
    groups: ratesOf(scenario).map((share) => groupOf(scenario, share)),
    footer: footerOf(run),
  };
}

function findingOf(scenario: ScenarioResult): string {
  const share = ratesOf(scenario)[0] ?? 0;
  const name = SCENARIOS[scenario.name] ?? scenario.name;
  const tail = (arm: string) => rateOf(scenario, arm, share)?.p99Ms;
  const ours = tail(OUR_ARM);
  const fastify = tail(FASTIFY_ARM);
  if (ours === undefined || fastify === undefined) return `${name} at fixed rates`;
  const rate = grouped(rateOf(scenario, OUR_ARM, share)?.rate ?? 0);
  return `${name}, ${rate} a second: 99 % are answered within ${milliseconds(ours)}, by Fastify within ${milliseconds(fastify)}`;
}

/** The generator waits for a processor too. */
function latenessOf({ arms }: ScenarioResult): string {
  const lateness = arms.flatMap((arm) =>
    arm.fixedRates.map(({ generatorLatenessP99Ms }) => generatorLatenessP99Ms),
  );
  return `The generator itself was up to ${milliseconds(median(lateness))} late with 99 % of the requests, which counts for every server.`;
}

function rateOf(scenario: ScenarioResult, arm: string, share: number): FixedRateSummary | undefined {
  return armOf(scenario, arm)?.fixedRateSummaries.find(({ shareOfCapacity }) => shareOfCapacity === share);
}

function groupOf(scenario: ScenarioResult, share: number): Group {
  const rows = ARMS.flatMap((arm): Row[] => {
    const rate = rateOf(scenario, arm, share);
    if (rate === undefined) return [];
    const followed = rate.achievedRate >= rate.rate * FOLLOWED;
    return [
      {
        label: followed ? labelOf(arm) : `${labelOf(arm)} (too slow)`,
        emphasis: emphasisOf(arm),
        values: [rate.p50Ms, rate.p99Ms, rate.p999Ms].map(latencyValue),
      },
    ];
  });
  const rate = scenario.arms[0]?.fixedRateSummaries.find(({ shareOfCapacity }) => shareOfCapacity === share);
  return {
    title: `${grouped(rate?.rate ?? 0)} requests per second, ${percent(share)} of the slowest server’s capacity`,
    rows,
  };
}

function latencyValue(value: number): Value {
  return { value, text: milliseconds(value) };
}
