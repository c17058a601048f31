/** The tables of a scenario, with a row for each arm. */
import type { ArmResult, FixedRateSummary, ScenarioResult } from '../../laboratory/results.ts';
import { FASTIFY_ARM, labelOf, ratioOf, sortedArms } from '../arms.ts';
import { table } from '../markdown.ts';
import { grouped, megabytes, percent, ratioWithInterval, significant, withSpread } from '../numbers.ts';

/** Below this share of its rate, a server has not followed. */
export const FOLLOWED = 0.98;
const NOTHING = '–';

interface Column {
  readonly title: string;
  cell(arm: ArmResult): string;
}

/** Requests per second, and what they cost. */
export function costTable(scenario: ScenarioResult): string {
  const toFastify = (arm: ArmResult) => ratioOf(scenario, arm.name, FASTIFY_ARM);
  return tableOf(scenario, [
    { title: 'requests/s', cell: ({ summary }) => withSpread(summary.requestsPerSecond, grouped) },
    { title: '× Fastify', cell: (arm) => optional(toFastify(arm)?.requestsPerSecond, ratioWithInterval) },
    {
      title: 'CPU µs/request',
      cell: ({ summary }) => withSpread(summary.cpuMicrosecondsPerRequest, significant),
    },
    {
      title: 'CPU × Fastify',
      cell: (arm) => optional(toFastify(arm)?.cpuMicrosecondsPerRequest, ratioWithInterval),
    },
    {
      title: 'database µs/request',
      cell: ({ summary }) =>
        optional(summary.databaseCpuMicrosecondsPerRequest, ({ median }) => significant(median)),
    },
    ...figureColumns(scenario),
    { title: 'memory MB', cell: ({ summary }) => megabytes(summary.memoryMb.median).replace(' MB', '') },
    { title: 'load generator, cores', cell: generatorCell },
  ]);
}

/** @returns undefined if none were measured */
export function latencyTable(scenario: ScenarioResult): string | undefined {
  const columns = [{ title: 'as fast as it goes', cell: fullSpeedLatency }, ...rateColumns(scenario)];
  const isMeasured = scenario.arms.some((arm) => columns.some(({ cell }) => cell(arm) !== NOTHING));
  return isMeasured ? tableOf(scenario, columns, 'p50 / p99 / p99.9 in ms') : undefined;
}

/** Without columns that are empty. */
function tableOf(scenario: ScenarioResult, columns: readonly Column[], corner = 'server'): string {
  const filled = columns.filter(({ cell }) => scenario.arms.some((arm) => cell(arm) !== NOTHING));
  return table([
    [corner, ...filled.map(({ title }) => title)],
    ...sortedArms(scenario).map((arm) => [labelOf(arm.name), ...filled.map(({ cell }) => cell(arm))]),
  ]);
}

function optional<Value>(value: Value | undefined, text: (value: Value) => string): string {
  return value === undefined ? NOTHING : text(value);
}

function figureColumns({ figures }: ScenarioResult): Column[] {
  return figures.map(({ name, unit, about }) => ({
    title: `${about}, ${unit}`,
    cell: ({ summary }) => optional(summary.figures?.[name], ({ median }) => significant(median)),
  }));
}

function fullSpeedLatency({ summary: { p50Ms, p99Ms, p999Ms } }: ArmResult): string {
  const values = [p50Ms, p99Ms, p999Ms];
  if (values.every((value) => value === undefined)) return NOTHING;
  return values.map((value) => optional(value, ({ median }) => significant(median))).join(' / ');
}

function rateColumns({ arms }: ScenarioResult): Column[] {
  const rates = new Map(
    arms.flatMap((arm) => arm.fixedRateSummaries).map((rate) => [rate.shareOfCapacity, rate]),
  );
  return [...rates.values()].map(({ shareOfCapacity, rate }) => ({
    title: `at ${grouped(rate)}/s (${percent(shareOfCapacity)})`,
    cell: ({ fixedRateSummaries }) =>
      optional(
        fixedRateSummaries.find((summary) => summary.shareOfCapacity === shareOfCapacity),
        rateCell,
      ),
  }));
}

function rateCell({ p50Ms, p99Ms, p999Ms, rate, achievedRate }: FixedRateSummary): string {
  const latency = [p50Ms, p99Ms, p999Ms].map(significant).join(' / ');
  return achievedRate < rate * FOLLOWED ? `${latency}, only ${grouped(achievedRate)}/s` : latency;
}

function generatorCell({ rounds }: ArmResult): string {
  const most = Math.max(...rounds.map(({ generatorShare }) => generatorShare));
  const limited = rounds.filter(({ generatorWasLimit }) => generatorWasLimit).length;
  return limited === 0 ? most.toFixed(2) : `${most.toFixed(2)}, limit in ${limited} of ${rounds.length}`;
}
