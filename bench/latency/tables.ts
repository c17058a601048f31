/** The results beside the figures of the C++ design, in Markdown. What is worse is called worse. */
import type { LatencyResult, StageTime, TimedScenario } from '../laboratory/results.ts';
import { DESIGN_LABEL, DESIGN_MEMORY_MB, DESIGN_STAGES_MS, DESIGN_THROUGHPUT } from '../report/design.ts';
import { paragraphs, table } from '../report/markdown.ts';
import { grouped, significant } from '../report/numbers.ts';

const NOT_IN_DESIGN = '–';

export function latencyTables({ scenarios, throughput, memory }: LatencyResult): string {
  return paragraphs(
    ...scenarios.map(describedStageTable),
    throughputTable(throughput),
    memory && memoryTable(memory),
  );
}

export function describedStageTable(scenario: TimedScenario): string {
  const { name, about, rate } = scenario;
  return paragraphs(`${name}: ${about}, ${grouped(rate)} requests a second`, stageTable(scenario));
}

export function stageTable({ stages }: TimedScenario): string {
  return table([
    ['stage', 'timed', 'p50, ms', 'p99, ms', `${DESIGN_LABEL}, ms`, 'verdict'],
    ...stages.map((time) => [
      time.stage,
      grouped(time.requests),
      significant(time.p50Ms),
      significant(time.p99Ms),
      designText(time),
      verdictOf(time),
    ]),
  ]);
}

export function throughputTable(throughput: LatencyResult['throughput']): string {
  const designs = new Map(DESIGN_THROUGHPUT.map((figure) => [figure.threads, figure.requestsPerSecond]));
  return table([
    ['requests per second', 'this server', DESIGN_LABEL, 'verdict'],
    ...throughput.map(({ scenario, workers, requestsPerSecond }) => {
      const design = designs.get(workers) ?? 0;
      return [
        `${scenario}, ${workers} ${workers === 1 ? 'thread' : 'threads'}`,
        grouped(requestsPerSecond),
        grouped(design),
        requestsPerSecond < design ? 'worse' : 'better',
      ];
    }),
  ]);
}

export function memoryTable(memory: NonNullable<LatencyResult['memory']>): string {
  const { base, perThread, pool, total, nodeEquivalent } = DESIGN_MEMORY_MB;
  const row = (name: string, megabytes: number, design: number) => [
    name,
    significant(megabytes),
    grouped(design),
    megabytes > design ? 'worse' : 'better',
  ];
  return table([
    ['memory, MB', 'this server', DESIGN_LABEL, 'verdict'],
    row('the process without workers', memory.baseMb, base),
    row('each worker', memory.threadMb, perThread),
    row('the pool of connections (here driver, application and database)', memory.databaseMb, pool),
    row('all, 8 workers at rest', memory.totalMb, total),
    row('all, 8 workers after load', memory.loadedMb, total),
    row('the same, beside its figure for Node.js', memory.loadedMb, nodeEquivalent),
  ]);
}

function designText({ stage }: StageTime): string {
  const range = designOf(stage);
  if (range === undefined) return NOT_IN_DESIGN;
  return range.least === range.most ? String(range.most) : `${range.least} to ${range.most}`;
}

function verdictOf({ stage, p50Ms, p99Ms }: StageTime): string {
  const range = designOf(stage);
  if (range === undefined) return NOT_IN_DESIGN;
  const { least, most } = range;
  if (p50Ms > most) return 'worse';
  const verdict = p50Ms < least || least === most ? 'better' : 'within';
  return p99Ms > most ? `${verdict}, worse at p99` : verdict;
}

/** undefined for what the design does not have, such as the way between two threads. */
export function designOf(stage: string): { readonly least: number; readonly most: number } | undefined {
  return Object.entries(DESIGN_STAGES_MS).find(([name]) => name === stage)?.[1];
}
