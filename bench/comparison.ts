/**
 * Measures several servers under the same load in interleaved rounds. So other load on the machine disturbs
 * all of them alike. Every round is kept: reports take medians and show the spread.
 */
import { type LoadOptions, type LoadResult, runLoad } from './load.ts';
import type { ProcessUsage } from './processes/process-usage.ts';
import type { ServerProcess } from './server-process.ts';

export interface Measurement extends LoadResult {
  /** Of the server process, all threads. */
  readonly cpuMicrosecondsPerRequest: number;
  readonly residentBytes: number;
  /** See ProcessUsage. */
  readonly proportionalBytes?: number;
  /** Of the database that the servers share, if there is one. */
  readonly databaseCpuMicrosecondsPerRequest?: number;
}

/** A process that does a part of every server's work. */
export interface SharedProcess {
  usage(): Promise<ProcessUsage>;
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
  readonly database?: SharedProcess;
  /** Runs after each load, and what it causes is measured with it. */
  readonly settle?: (server: ServerProcess) => Promise<void>;
  /** Runs after each measurement, and is not measured. */
  readonly cleanUp?: (server: ServerProcess) => Promise<void>;
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
  const { database, settle, cleanUp } = options;
  const [before, databaseBefore] = await usages(server, database);
  const load = await loadOf(server, options);
  await settle?.(server);
  const [after, databaseAfter] = await usages(server, database);
  await cleanUp?.(server);
  const perRequest = (from: ProcessUsage, to: ProcessUsage) =>
    ((to.cpuSeconds - from.cpuSeconds) / load.requests) * 1e6;
  const { residentBytes, proportionalBytes } = after;
  return {
    ...load,
    cpuMicrosecondsPerRequest: perRequest(before, after),
    residentBytes,
    ...(proportionalBytes !== undefined && { proportionalBytes }),
    ...(databaseBefore !== undefined &&
      databaseAfter !== undefined && {
        databaseCpuMicrosecondsPerRequest: perRequest(databaseBefore, databaseAfter),
      }),
  };
}

/** A failure names the server, because several have the same routes. */
async function loadOf(
  server: ServerProcess,
  options: Omit<LoadOptions, 'url'> & Pick<ComparisonOptions, 'path'>,
): Promise<LoadResult> {
  try {
    return await runLoad({ ...options, url: server.url + options.path });
  } catch (cause) {
    throw new Error(`${server.name} failed under load: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function usages(
  server: ServerProcess,
  database: SharedProcess | undefined,
): Promise<[ProcessUsage, ProcessUsage | undefined]> {
  return Promise.all([server.usage(), database?.usage()]);
}
