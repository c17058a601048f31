/**
 * `npm run bench -- latency`: where the time of a request goes, from the server's own histograms, and its
 * throughput and memory, beside the figures of the C++ thread pool whose promises it keeps.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type LatencyResult, readResults } from '../laboratory/results.ts';
import { describeOptions, type NumberOption, readOptions } from '../options.ts';
import { measureServers } from './servers.ts';
import { timeStages } from './stages.ts';
import { latencyTables } from './tables.ts';

const OPTIONS = {
  workers: { fallback: 8, least: 1, most: 64, about: 'workers of the server whose stages are timed' },
  rate: { fallback: 200, least: 1, most: 5_000, about: 'requests per second while stages are timed' },
  connections: { fallback: 16, least: 1, most: 1_000, about: 'connections then' },
  seconds: { fallback: 10, least: 1, most: 600, about: 'seconds of each measurement' },
  'warm-up': { fallback: 5, least: 0, most: 600, about: 'seconds before stages are timed' },
  busy: { fallback: 64, least: 1, most: 1_000, about: 'connections while throughput is measured' },
} as const satisfies Record<string, NumberOption>;

const INTO = '--into=';

export async function run(parameters: readonly string[]): Promise<void> {
  const into = parameters.find((parameter) => parameter.startsWith(INTO))?.slice(INTO.length);
  const { numbers, json, help } = readOptions(
    parameters.filter((parameter) => !parameter.startsWith(INTO)),
    OPTIONS,
  );
  if (help) {
    process.stdout.write(
      `${describeOptions(OPTIONS)}  ${INTO}FILE   adds the section to a file of results\n`,
    );
    return;
  }
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const startedAt = new Date().toISOString();
  const { workers, rate, connections, seconds, busy } = numbers;
  const warmUpSeconds = numbers['warm-up'];
  const scenarios = await timeStages({ workers, rate, connections, seconds, warmUpSeconds, note });
  const servers = await measureServers({ seconds, connections: busy, note });
  const latency: LatencyResult = { startedAt, workers, scenarios, ...servers };
  if (into !== undefined) addTo(into, latency);
  process.stdout.write(json ? `${JSON.stringify(latency, null, 2)}\n` : `${latencyTables(latency)}\n`);
}

/** @throws ResultsError if that is no file of results */
function addTo(file: string, latency: LatencyResult): void {
  const results = readResults(readFileSync(file, 'utf8'));
  writeFileSync(file, `${JSON.stringify({ ...results, latency }, null, 1)}\n`);
}
