/** The WebAssembly core beside the JavaScript core, in whole requests. */
import type { Estimate, Run, ScenarioResult } from '../../laboratory/results.ts';
import { inverse, OUR_ARM, ratioOf, standing } from '../arms.ts';
import type { Chart, Row } from '../chart/chart.ts';
import { ratioValue } from '../chart/estimated-value.ts';
import { escapeMarkdown } from '../escape.ts';
import { footerOf } from '../footer.ts';
import { enumerate, paragraphs, table } from '../markdown.ts';
import { ratioWithInterval } from '../numbers.ts';
import type { Section } from '../section.ts';

const JAVASCRIPT_ARM = 'js';

interface Comparison {
  readonly scenario: string;
  readonly requestsPerSecond: Estimate;
  readonly cpu: Estimate;
}

export const cores: Section = {
  name: 'cores',
  title: 'WebAssembly against JavaScript, in whole requests',
  content(run) {
    const comparisons = run.scenarios.flatMap((scenario) => comparisonOf(scenario) ?? []);
    if (comparisons.length === 0) return undefined;
    return {
      charts: [chartOf(run, comparisons)],
      markdown: markdownOf(comparisons),
      finding: findingOf(comparisons),
      data: Object.fromEntries(comparisons.map(({ scenario, ...estimates }) => [scenario, estimates])),
    };
  },
};

function comparisonOf(scenario: ScenarioResult): Comparison | undefined {
  const found = ratioOf(scenario, JAVASCRIPT_ARM, OUR_ARM);
  if (found === undefined) return undefined;
  return {
    scenario: scenario.name,
    requestsPerSecond: inverse(found.requestsPerSecond),
    cpu: inverse(found.cpuMicrosecondsPerRequest),
  };
}

function chartOf(run: Run, comparisons: readonly Comparison[]): Chart {
  return {
    name: 'cores',
    title: findingOf(comparisons),
    subtitle:
      'The same server with its WebAssembly core, as a ratio to its JavaScript core, on a logarithmic scale. Lines are 95 % confidence intervals.',
    panels: [
      {
        title: 'Requests per second: more is better',
        unit: 'times the JavaScript core',
        marks: 'points',
        reference: 1,
      },
      {
        title: 'CPU per request: less is better',
        unit: 'times the JavaScript core',
        marks: 'points',
        reference: 1,
      },
    ],
    groups: [{ title: '', rows: comparisons.map(rowOf) }],
    footer: footerOf(run),
  };
}

function rowOf({ scenario, requestsPerSecond, cpu }: Comparison): Row {
  return { label: scenario, emphasis: 'ours', values: [ratioValue(requestsPerSecond), ratioValue(cpu)] };
}

function scenariosWhere(comparisons: readonly Comparison[], wanted: string): string[] {
  return comparisons.filter(({ cpu }) => standing(cpu) === wanted).map(({ scenario }) => scenario);
}

function findingOf(comparisons: readonly Comparison[]): string {
  const parts = [
    { words: 'saves CPU time in', count: scenariosWhere(comparisons, 'less').length },
    { words: 'costs some in', count: scenariosWhere(comparisons, 'more').length },
    { words: 'makes no difference that shows in', count: scenariosWhere(comparisons, 'level').length },
  ].filter(({ count }) => count > 0);
  const phrases = parts.map(({ words, count }) => `${words} ${count}`);
  return `In whole requests of ${comparisons.length} scenarios, WebAssembly ${enumerate(phrases)}`;
}

function markdownOf(comparisons: readonly Comparison[]): string {
  const named = (wanted: string) => scenariosWhere(comparisons, wanted);
  const sentence = [
    { words: 'It takes less CPU time than the JavaScript core in', names: named('less') },
    { words: 'It takes more in', names: named('more') },
    { words: 'No difference can be shown in', names: named('level') },
  ]
    .filter(({ names }) => names.length > 0)
    .map(({ words, names }) => `${words} ${enumerate(names)}.`)
    .join(' ');
  return paragraphs(
    table([
      ['scenario', 'requests/s, WebAssembly ÷ JavaScript', 'CPU/request, WebAssembly ÷ JavaScript'],
      ...comparisons.map(({ scenario, requestsPerSecond, cpu }) => [
        scenario,
        ratioWithInterval(requestsPerSecond),
        ratioWithInterval(cpu),
      ]),
    ]),
    escapeMarkdown(sentence),
  );
}
