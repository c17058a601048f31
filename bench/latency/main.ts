/**
 * `npm run bench -- latency`: where the time of a request goes, from the server's own histograms, and its
 * throughput and memory, beside the figures of the C++ thread pool whose promises it keeps.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type LatencyResult, readResults } from '../laboratory/results.ts';
import { describeOptions, type ListOption, type NumberOption, readOptions } from '../options.ts';
import { measureLatency, USUAL_LATENCY } from './measure.ts';
import { latencyTables } from './tables.ts';

const { workers, rate, connections, busyConnections, seconds, warmUpSeconds, busySeconds } = USUAL_LATENCY;

const NUMBERS = {
  workers: { fallback: workers, least: 1, most: 64, about: 'workers of the server whose stages are timed' },
  rate: { fallback: rate, least: 1, most: 5_000, about: 'requests per second while stages are timed' },
  connections: { fallback: connections, least: 1, most: 1_000, about: 'connections then' },
  busy: { fallback: busyConnections, least: 1, most: 1_000, about: 'connections that measure throughput' },
  seconds: { fallback: seconds, least: 1, most: 600, about: 'seconds while stages are timed' },
  'busy-seconds': { fallback: busySeconds, least: 1, most: 600, about: 'seconds that measure throughput' },
  'warm-up': { fallback: warmUpSeconds, least: 0, most: 600, about: 'seconds before stages are timed' },
} as const satisfies Record<string, NumberOption>;

const FILES: { readonly into: ListOption<string> } = {
  into: { fallback: [], read: (_, file) => file, about: 'files of results that get this as a section' },
};

export async function run(parameters: readonly string[]): Promise<void> {
  const { numbers, lists, json, help } = readOptions(parameters, NUMBERS, FILES);
  if (help) {
    process.stdout.write(describeOptions(NUMBERS, FILES));
    return;
  }
  const { busy, 'busy-seconds': busySeconds, 'warm-up': warmUpSeconds, ...rest } = numbers;
  const options = { ...rest, busyConnections: busy, busySeconds, warmUpSeconds };
  const latency = await measureLatency(options, (text) => process.stderr.write(`${text}\n`));
  for (const file of lists.into) addTo(file, latency);
  process.stdout.write(json ? `${JSON.stringify(latency, null, 2)}\n` : `${latencyTables(latency)}\n`);
}

/** @throws ResultsError if that is no file of results */
function addTo(file: string, latency: LatencyResult): void {
  const results = readResults(readFileSync(file, 'utf8'));
  writeFileSync(file, `${JSON.stringify({ ...results, latency }, null, 1)}\n`);
}
