/** Where the time of a request goes, from the server's histograms, beside the figures of the C++ design. */

import type { LatencyResult, Run, StageTime, TimedScenario } from '../../laboratory/results.ts';
import { describedStageTable, designOf } from '../../latency/tables.ts';
import type { Chart, Row, Value } from '../chart/chart.ts';
import { escapeMarkdown } from '../escape.ts';
import { footerOf } from '../footer.ts';
import { enumerate, paragraphs } from '../markdown.ts';
import { grouped, milliseconds, short } from '../numbers.ts';
import type { Section } from '../section.ts';
import { worseStages } from './worse-stages.ts';

/** The chart shows the first that was timed. */
const SHOWN = ['vm-read', 'jwt', 'plain'];

export const stages: Section = {
  name: 'stages',
  title: 'Where the time of a request goes',
  content(run) {
    const { latency } = run;
    const shown = SHOWN.flatMap((name) => latency?.scenarios.find((one) => one.name === name) ?? [])[0];
    if (latency === undefined || shown === undefined) return undefined;
    return {
      charts: [chartOf(run, shown)],
      markdown: markdownOf(latency),
      data: latency,
    };
  },
};

function chartOf(run: Run, scenario: TimedScenario): Chart {
  return {
    name: 'stages',
    title: findingOf(scenario),
    subtitle: `${scenario.about}, ${grouped(scenario.rate)} requests a second. Less is better, on a logarithmic scale. Orange: what the C++ design names.`,
    panels: ['p50', 'p99'].map((title) => ({ title, unit: 'ms', marks: 'points' })),
    groups: [{ title: '', rows: scenario.stages.flatMap(rowsOf) }],
    footer: footerOf(run),
  };
}

/** A row for this server, and one for the design if it names the stage. */
function rowsOf({ stage, p50Ms, p99Ms }: StageTime): Row[] {
  const ours: Row = { label: stage, emphasis: 'ours', values: [dotOf(p50Ms), dotOf(p99Ms)] };
  const design = designOf(stage);
  if (design === undefined) return [ours];
  const range = design.least === design.most ? [design.most] : [design.least, design.most];
  const figure = { value: design.most, text: range.map(short).join(' to ') };
  return [ours, { label: `C++ design: ${stage}`, emphasis: 'reference', values: [figure, figure] }];
}

function dotOf(value: number): Value {
  return { value, text: short(value) };
}

function findingOf({ name, stages }: TimedScenario): string {
  const longest = stages
    .filter(({ stage }) => stage !== 'total' && stage !== 'accept')
    .toSorted((one, other) => other.p50Ms - one.p50Ms)
    .slice(0, 3);
  const parts = longest.map(({ stage, p50Ms }) => `${stage} ${milliseconds(p50Ms)}`);
  return `The longest stages of ${name}: ${enumerate(parts)}`;
}

/** What the histograms leave out, and what a stage is. */
const LEFT_OUT =
  'Not timed: a request that is refused before its route is chosen, one whose body is streamed, a constant ' +
  'answer, and of several pipelined requests all but the first. `accept` is the main thread’s work for a new ' +
  'connection, from the accepted socket to the start of reading, so it is no part of `total`, and there are as ' +
  'many as connections. [The README of the runtime](../../src/runtime/README.md#where-the-time-of-a-request-goes) ' +
  'says from where to where each other stage goes.';

function markdownOf({ scenarios, workers }: LatencyResult): string {
  return paragraphs(
    escapeMarkdown(
      `Each request was timed by a server with ${workers} workers, at a rate that leaves it mostly idle. So threads sleep between two requests, and the stages queue and handover include waking them: the design has neither. What waits shares its thread with other requests.`,
    ),
    LEFT_OUT,
    ...scenarios.map(describedStageTable),
    worseStages(scenarios),
  );
}
