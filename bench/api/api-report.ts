/** The tables of the benchmarks of the API. */
import type { Measurement, ServerMeasurements } from '../comparison.ts';
import { type Summary, summarize } from '../laboratory/statistics.ts';
import { latencyCell, type Ratio, table, withSpread } from '../report.ts';
import type { StartMeasurement } from './started-server.ts';

const MEGABYTE = 1024 * 1024;
const NONE = '-';

/** What the servers took to start. */
export function startTable(starts: readonly StartMeasurement[]): string {
  return table([
    ['server', 'first 200 s', 'memory at rest MB'],
    ...starts.map(({ name, firstAnswerMs, proportionalBytes, residentBytes }) => [
      name,
      (firstAnswerMs / 1000).toFixed(2),
      megabytes(proportionalBytes ?? residentBytes),
    ]),
  ]);
}

/** The medians of one load. A column of × is the ratio to the server that the ratios are to. */
export function loadTable(measurements: readonly ServerMeasurements[], ratios: readonly Ratio[]): string {
  return table([
    [
      ...['server', 'req/s', '×', 'p50 ms', 'p99 ms', 'CPU µs/req', '×', 'database µs/req', '×'],
      ...['memory MB', 'cores: load', 'server', 'database'],
    ],
    ...measurements.map((server) => loadRow(server, ratioOf(server.name, ratios))),
  ]);
}

function loadRow({ name, rounds }: ServerMeasurements, ratio: Partial<Ratio>): string[] {
  const of = (value: (round: Measurement) => number) => summarize(rounds.map(value));
  const databaseCpu = (round: Measurement) => round.databaseCpuMicrosecondsPerRequest ?? 0;
  const serverCpu = (round: Measurement) => round.cpuMicrosecondsPerRequest;
  const cores = (cpu: (round: Measurement) => number) =>
    of((round) => (cpu(round) * round.requestsPerSecond) / 1e6).median.toFixed(2);
  return [
    name,
    withSpread(
      of((round) => round.requestsPerSecond),
      0,
    ),
    times(ratio.requestsPerSecond),
    latencyCell(rounds, 'p50Ms'),
    latencyCell(rounds, 'p99Ms'),
    of(serverCpu).median.toFixed(0),
    times(ratio.cpuPerRequest),
    of(databaseCpu).median.toFixed(0),
    times(ratio.databaseCpuPerRequest),
    megabytes(of((round) => round.proportionalBytes ?? round.residentBytes).median),
    of((round) => round.generatorShare).median.toFixed(2),
    cores(serverCpu),
    cores(databaseCpu),
  ];
}

function ratioOf(name: string, ratios: readonly Ratio[]): Partial<Ratio> {
  return ratios.find(({ of }) => of === name) ?? {};
}

function times(summary: Summary | undefined): string {
  return summary === undefined ? NONE : summary.median.toFixed(2);
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(0);
}
