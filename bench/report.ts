/**
 * Prints measurements: a table of medians with their spread, and the ratios of the first server to each other
 * one, computed round by round. `--json` prints the same data.
 */
import { arch, availableParallelism, cpus, platform, release } from 'node:os';
import type { Measurement, ServerMeasurements } from './comparison.ts';
import { type Summary, summarize } from './laboratory/statistics.ts';
import { type Latency, LOAD_GENERATOR, type LoadResult } from './load.ts';

export interface Ratio {
  readonly of: string;
  readonly to: string;
  readonly requestsPerSecond: Summary;
  readonly cpuPerRequest: Summary;
  /** undefined if the servers have no database. */
  readonly databaseCpuPerRequest?: Summary;
}

/** Describes the machine and the tools. No number means anything without them. */
export function describeSetting(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${availableParallelism()} × ${model}, ${platform()} ${release()} ${arch()}, Node ${process.version}, load by ${LOAD_GENERATOR}`;
}

/** @returns the ratios of the first to each of the others */
export function ratiosOf(measurements: readonly ServerMeasurements[]): Ratio[] {
  const [first, ...others] = measurements;
  if (first === undefined) return [];
  return others.map((other) => ratioOf(first, other));
}

/** @returns the ratios of each of the others to the server of that name, or none if it was not measured */
export function ratiosTo(name: string, measurements: readonly ServerMeasurements[]): Ratio[] {
  const reference = measurements.find((candidate) => candidate.name === name);
  if (reference === undefined) return [];
  return measurements.filter((other) => other !== reference).map((other) => ratioOf(other, reference));
}

function ratioOf(first: ServerMeasurements, other: ServerMeasurements): Ratio {
  const ratio = (value: (round: Measurement) => number) => summarizeRatio(first, other, value);
  return {
    of: first.name,
    to: other.name,
    requestsPerSecond: ratio((round) => round.requestsPerSecond),
    cpuPerRequest: ratio((round) => round.cpuMicrosecondsPerRequest),
    ...(first.rounds.every(hasDatabase) && {
      databaseCpuPerRequest: ratio((round) => round.databaseCpuMicrosecondsPerRequest ?? Number.NaN),
    }),
  };
}

function hasDatabase(round: Measurement): boolean {
  return round.databaseCpuMicrosecondsPerRequest !== undefined;
}

function summarizeRatio(
  first: ServerMeasurements,
  other: ServerMeasurements,
  value: (round: Measurement) => number,
): Summary {
  const ratios = first.rounds.map((round, index) => {
    const opposite = other.rounds[index];
    if (opposite === undefined) throw new Error(`${other.name} has fewer rounds than ${first.name}`);
    return value(round) / value(opposite);
  });
  return summarize(ratios);
}

export function measurementTable(measurements: readonly ServerMeasurements[]): string {
  const header = ['server', 'req/s', 'p50 ms', 'p90 ms', 'p99 ms', 'CPU µs/req', 'RSS MB'];
  return table([header, ...measurements.map(measurementRow)]);
}

function measurementRow({ name, rounds }: ServerMeasurements): string[] {
  const of = (value: (round: Measurement) => number) => summarize(rounds.map(value));
  return [
    name,
    withSpread(
      of((round) => round.requestsPerSecond),
      0,
    ),
    latencyCell(rounds, 'p50Ms'),
    latencyCell(rounds, 'p90Ms'),
    latencyCell(rounds, 'p99Ms'),
    withSpread(
      of((round) => round.cpuMicrosecondsPerRequest),
      2,
    ),
    (of((round) => round.residentBytes).median / 1024 / 1024).toFixed(0),
  ];
}

/** The median of the rounds, or a dash if the load generator did not measure it. */
export function latencyCell(rounds: readonly LoadResult[], percentile: keyof Latency): string {
  const values = rounds.flatMap(({ latency }) => (latency === undefined ? [] : [latency[percentile]]));
  return values.length === 0 ? '-' : summarize(values).median.toFixed(2);
}

export function ratioLines(ratios: readonly Ratio[]): string {
  return ratios
    .map(
      ({ of, to, requestsPerSecond, cpuPerRequest }) =>
        `${of} : ${to}  req/s × ${range(requestsPerSecond)}   CPU per request × ${range(cpuPerRequest)}`,
    )
    .join('\n');
}

/** Aligns the first column to the left and the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   '),
    )
    .join('\n');
}

/** The median, and the range of the rounds around it. */
export function withSpread({ median, least, most }: Summary, digits: number): string {
  const percent = median === 0 ? 0 : ((most - least) / 2 / median) * 100;
  return `${grouped(median, digits)} ±${percent.toFixed(0).padStart(2)} %`;
}

function range({ median, least, most }: Summary): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

function grouped(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
