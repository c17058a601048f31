/**
 * `npm run bench -- isolation`: how some requests affect others, here and on Fastify. First two clients keep
 * CPU-bound handlers busy while GET /health is measured on other connections. Then many clients wait for a
 * timer while it measures the main thread's share of a core. The main thread should sleep. Last it counts the
 * threads that take part in CPU-bound work.
 */
import { availableParallelism } from 'node:os';
import { measure } from './comparison.ts';
import { summarize } from './laboratory/statistics.ts';
import { type Latency, type LoadResult, runLoad } from './load.ts';
import { describeOptions, type NumberOption, readOptions } from './options.ts';
import { countParticipants, type Participation } from './participation.ts';
import { describeSetting, table } from './report.ts';
import { FASTIFY, ServerProcess, THIS_SERVER } from './server-process.ts';

const OPTIONS = {
  rounds: { fallback: 3, least: 1, most: 100, about: 'rounds for each server' },
  seconds: { fallback: 5, least: 1, most: 600, about: 'seconds of each round' },
  connections: { fallback: 16, least: 1, most: 10_000, about: 'connections on /health' },
  burners: { fallback: 2, least: 1, most: 1000, about: 'clients on /cpu' },
  'cpu-ms': { fallback: 5, least: 1, most: 60_000, about: 'milliseconds of CPU of each of their requests' },
  participants: { fallback: 8, least: 1, most: 1000, about: 'clients on /cpu where its threads are counted' },
  waiters: { fallback: 24, least: 1, most: 10_000, about: 'clients on /wait' },
  'wait-ms': { fallback: 20, least: 1, most: 60_000, about: 'milliseconds of each of their waits' },
} as const satisfies Record<string, NumberOption>;

type Numbers = Readonly<Record<keyof typeof OPTIONS, number>>;

interface IsolationRound {
  /** GET /health beside the CPU-bound requests. */
  readonly health: LoadResult;
  readonly cpuRequestsPerSecond: number;
  readonly waiting: WaitingRound;
}

interface WaitingRound {
  readonly requestsPerSecond: number;
  /** Share of one core. undefined if the system does not report CPU time for each thread. */
  readonly mainThreadShare: number | undefined;
  readonly processShare: number;
}

interface ServerIsolation {
  readonly name: string;
  readonly rounds: readonly IsolationRound[];
}

export async function run(parameters: readonly string[]): Promise<void> {
  const { numbers, json, help } = readOptions(parameters, OPTIONS);
  if (help) {
    process.stdout.write(describeOptions(OPTIONS));
    return;
  }
  await using ours = await ServerProcess.start(THIS_SERVER);
  await using fastify = await ServerProcess.start(FASTIFY);
  const results = [ours, fastify].map((server) => ({ server, rounds: [] as IsolationRound[] }));
  for (const { server } of results) await warmUp(server);
  for (let round = 0; round < numbers.rounds; round += 1) {
    const order = round % 2 === 0 ? results : results.toReversed();
    for (const { server, rounds } of order) rounds.push(await measureRound(server, numbers));
  }
  const participation = await countParticipants(
    `${ours.url}/cpu?ms=${numbers['cpu-ms']}`,
    numbers.participants,
    numbers.seconds,
  );
  const servers = results.map(({ server, rounds }) => ({ name: server.name, rounds }));
  process.stdout.write(
    json
      ? `${JSON.stringify({ setting: describeSetting(), numbers, servers, participation }, null, 2)}\n`
      : report(servers, participation, numbers),
  );
}

async function warmUp(server: ServerProcess): Promise<void> {
  for (const path of ['/health', '/cpu?ms=1', '/wait?ms=1']) {
    await runLoad({ url: server.url + path, connections: 8, seconds: 1, pipeline: 1 });
  }
}

async function measureRound(server: ServerProcess, numbers: Numbers): Promise<IsolationRound> {
  const { connections, seconds } = numbers;
  const [health, cpu] = await Promise.all([
    runLoad({ url: `${server.url}/health`, connections, seconds, pipeline: 1 }),
    runLoad({
      url: `${server.url}/cpu?ms=${numbers['cpu-ms']}`,
      connections: numbers.burners,
      seconds,
      pipeline: 1,
    }),
  ]);
  return {
    health,
    cpuRequestsPerSecond: cpu.requestsPerSecond,
    waiting: await measureWaiting(server, numbers),
  };
}

async function measureWaiting(server: ServerProcess, numbers: Numbers): Promise<WaitingRound> {
  const startedAt = performance.now();
  const mainBefore = server.mainThreadCpuSeconds();
  const load = await measure(server, {
    path: `/wait?ms=${numbers['wait-ms']}`,
    connections: numbers.waiters,
    seconds: numbers.seconds,
    pipeline: 1,
  });
  const mainAfter = server.mainThreadCpuSeconds();
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  const known = mainBefore !== undefined && mainAfter !== undefined;
  return {
    requestsPerSecond: load.requestsPerSecond,
    mainThreadShare: known ? (mainAfter - mainBefore) / elapsedSeconds : undefined,
    processShare: (load.cpuMicrosecondsPerRequest * load.requests) / 1e6 / elapsedSeconds,
  };
}

function report(servers: readonly ServerIsolation[], participation: Participation, numbers: Numbers): string {
  const health = table([
    ['server', '/health req/s', 'p50 ms', 'p90 ms', 'p99 ms', '/cpu req/s'],
    ...servers.map(({ name, rounds }) => [
      name,
      median(rounds, (round) => round.health.requestsPerSecond).toFixed(0),
      latencyWithRange(rounds, 'p50Ms'),
      latencyWithRange(rounds, 'p90Ms'),
      latencyWithRange(rounds, 'p99Ms'),
      median(rounds, (round) => round.cpuRequestsPerSecond).toFixed(0),
    ]),
  ]);
  const waiting = table([
    ['server', '/wait req/s', 'main thread, % of a core', 'process, % of a core'],
    ...servers.map(({ name, rounds }) => [
      name,
      median(rounds, (round) => round.waiting.requestsPerSecond).toFixed(0),
      mainThreadColumn(rounds),
      percent(median(rounds, (round) => round.waiting.processShare)),
    ]),
  ]);
  return [
    describeSetting(),
    '',
    `GET /health on ${numbers.connections} connections beside ${numbers.burners} clients on /cpu?ms=${numbers['cpu-ms']} (${availableParallelism()} cores)`,
    health,
    '',
    `${numbers.waiters} clients on /wait?ms=${numbers['wait-ms']}`,
    waiting,
    '',
    participationLine(participation, numbers),
    '',
  ].join('\n');
}

function participationLine({ requests, byThread }: Participation, numbers: Numbers): string {
  const counts = Object.values(byThread)
    .toSorted((left, right) => right - left)
    .join(', ');
  return `${requests} of /cpu?ms=${numbers['cpu-ms']} from ${numbers.participants} clients were answered by ${Object.keys(byThread).length} threads of ${THIS_SERVER.name}: ${counts}`;
}

function mainThreadColumn(rounds: readonly IsolationRound[]): string {
  const shares = rounds
    .map((round) => round.waiting.mainThreadShare)
    .filter((share): share is number => share !== undefined);
  return shares.length === 0 ? 'not told by this system' : percent(summarize(shares).median);
}

function median(rounds: readonly IsolationRound[], value: (round: IsolationRound) => number): number {
  return summarize(rounds.map(value)).median;
}

function latencyWithRange(rounds: readonly IsolationRound[], percentile: keyof Latency): string {
  const values = rounds.flatMap(({ health: { latency } }) =>
    latency === undefined ? [] : [latency[percentile]],
  );
  const { median: middle, least, most } = summarize(values);
  return `${middle.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}
