/** The results as text, for the terminal. */
import { table } from '../table.ts';
import { type ArmResult, type Estimate, FASTIFY_ARM, type Run, type ScenarioResult } from './results.ts';

const NONE = '-';

export function describeRun({ machine, commit = 'no commit', dirty }: Run): string {
  const { cores, cpuModel, platform, kernel, architecture, node, loadAverage } = machine;
  const sources = `${commit.slice(0, 10)}${dirty ? ' and changes' : ''}`;
  return `${cores} × ${cpuModel}, ${platform} ${kernel} ${architecture}, Node ${node}, load ${loadAverage.toFixed(1)}, ${sources}`;
}

export function scenarioTable(scenario: ScenarioResult): string {
  const { name, about, connections, generator, arms, failure, skipped, warnings, remarks } = scenario;
  const title = `${name}: ${about}\n${connections} connections, load by ${generator}`;
  if (failure !== undefined) return `${title}\n${failure}\n`;
  const lines = [
    ...scenario.figures.map((figure) => `${figure.name}: ${figure.about}, ${figure.unit}`),
    ...remarks,
    ...warnings,
    ...skipped.map((arm) => `without ${arm.name}: ${arm.reason}`),
  ];
  return [title, table([header(scenario), ...arms.map((arm) => row(scenario, arm))]), ...lines, ''].join(
    '\n',
  );
}

function header({ figures, arms }: ScenarioResult): string[] {
  const shares = arms[0]?.fixedRateSummaries ?? [];
  return [
    ...['arm', 'req/s', '×', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU µs/req', '×', 'database µs', 'MB'],
    ...shares.map(({ rate }) => `p99 at ${rate.toFixed(0)}/s`),
    ...figures.map(({ name }) => name),
  ];
}

function row(
  { ratios, figures }: ScenarioResult,
  { name, summary, fixedRateSummaries }: ArmResult,
): string[] {
  const ratio = ratios.find(({ of, to }) => of === name && to === FASTIFY_ARM);
  return [
    name,
    cell(summary.requestsPerSecond, 0),
    cell(ratio?.requestsPerSecond, 2),
    cell(summary.p50Ms, 2),
    cell(summary.p99Ms, 2),
    cell(summary.p999Ms, 2),
    cell(summary.cpuMicrosecondsPerRequest, 1),
    cell(ratio?.cpuMicrosecondsPerRequest, 2),
    cell(summary.databaseCpuMicrosecondsPerRequest, 1),
    cell(summary.memoryMb, 0),
    ...fixedRateSummaries.map(({ p99Ms }) => p99Ms.toFixed(2)),
    ...figures.map((figure) => cell(summary.figures?.[figure.name], 2)),
  ];
}

function cell(estimate: Estimate | undefined, digits: number): string {
  if (estimate === undefined) return NONE;
  return estimate.median.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
