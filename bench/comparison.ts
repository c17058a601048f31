/**
 * Measures several servers under the same load in interleaved rounds. So other load on the machine disturbs
 * all of them alike. Every round is kept: reports take medians and show the spread.
 */
import { type LoadOptions, type LoadResult, runLoad } from './load.ts';
import type { ServerProcess } from './server-process.ts';

export interface Measurement extends LoadResult {
  /** Of the server process, all threads. */
  readonly cpuMicrosecondsPerRequest: number;
  readonly residentBytes: number;
}

/** The measurements of each server, one for each round, in the order in which the servers were given. */
export interface ServerMeasurements {
  readonly name: string;
  readonly rounds: readonly Measurement[];
}

export interface ComparisonOptions extends Omit<LoadOptions, 'url'> {
  readonly path: string;
  readonly rounds: number;
  /** Load before the first round, until V8 has compiled the hot code. 0 for servers that are warm already. */
  readonly warmUpSeconds: number;
}

export async function compare(
  servers: readonly ServerProcess[],
  options: ComparisonOptions,
): Promise<ServerMeasurements[]> {
  const results = servers.map((server) => ({ server, name: server.name, rounds: [] as Measurement[] }));
  if (options.warmUpSeconds > 0) {
    for (const { server } of results) await measure(server, { ...options, seconds: options.warmUpSeconds });
  }
  for (let round = 0; round < options.rounds; round += 1) {
    // Every other round runs backwards, so no server always follows the same other one.
    const order = round % 2 === 0 ? results : results.toReversed();
    for (const { server, rounds } of order) rounds.push(await measure(server, options));
  }
  return results.map(({ name, rounds }) => ({ name, rounds }));
}

export async function measure(
  server: ServerProcess,
  options: Omit<ComparisonOptions, 'rounds' | 'warmUpSeconds'>,
): Promise<Measurement> {
  const before = await server.usage();
  const load = await runLoad({ ...options, url: server.url + options.path });
  const after = await server.usage();
  return {
    ...load,
    cpuMicrosecondsPerRequest: ((after.cpuSeconds - before.cpuSeconds) / load.requests) * 1e6,
    residentBytes: after.residentBytes,
  };
}
