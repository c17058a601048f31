/**
 * `npm run bench -- gate`: the comparison that continuous integration runs, in well under a minute. It
 * compares ratios to Fastify, measured in the same minute on the same machine. Only a clearly bad ratio
 * fails, and only three times in a row. The gate catches a lost advantage. To measure one, run `health`.
 */
import { compare } from './comparison.ts';
import { LOAD_GENERATOR } from './load.ts';
import { readOptions } from './options.ts';
import { measurementTable, type Ratio, ratioLines, ratiosOf } from './report.ts';
import { FASTIFY, ServerProcess, THIS_SERVER } from './server-process.ts';

/** A busy machine moves one of the two ratios. A server that has lost its advantage misses both. */
interface Part {
  readonly pipeline: number;
  readonly leastRequestsRatio: number;
  readonly mostCpuRatio: number;
}

/** The least ratio of requests per second, however little CPU the server uses. */
const LEAST_REQUESTS_RATIO = 0.8;

/** Expected near 1.5 and 0.7. */
const PLAIN: Part = { pipeline: 1, leastRequestsRatio: 1.1, mostCpuRatio: 0.9 };
/** Expected near 6 and 0.3. With autocannon, which is slower than both servers, expect 1.6 and 0.6. */
const PIPELINED: Part = { pipeline: 16, leastRequestsRatio: 1.5, mostCpuRatio: 0.75 };
/** With one request at a time, autocannon is slower than the servers and would measure itself. */
const PARTS = LOAD_GENERATOR === 'wrk' ? [PLAIN, PIPELINED] : [PIPELINED];

const LOAD = { path: '/health', connections: 64, rounds: 3, seconds: 1 } as const;
const WARM_UP_SECONDS = 2;
const ATTEMPTS = 3;

export class GateError extends Error {
  readonly code = 'ERR_BENCHMARK_GATE';
  override readonly name = 'GateError';
}

/** @throws GateError if this server is no better than Fastify */
export async function run(parameters: readonly string[]): Promise<void> {
  if (readOptions(parameters, {}).help) {
    process.stdout.write('It has no options: what it measures and what must be reached is fixed.\n');
    return;
  }
  await using ours = await ServerProcess.start(THIS_SERVER);
  await using fastify = await ServerProcess.start(FASTIFY);
  let warmUpSeconds = WARM_UP_SECONDS;
  for (const part of PARTS) {
    await holdTo(part, [ours, fastify], warmUpSeconds);
    warmUpSeconds = 0;
  }
}

async function holdTo(part: Part, servers: readonly ServerProcess[], warmUpSeconds: number): Promise<void> {
  const { pipeline, leastRequestsRatio, mostCpuRatio } = part;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const measurements = await compare(servers, {
      ...LOAD,
      pipeline,
      warmUpSeconds: attempt === 1 ? warmUpSeconds : 0,
    });
    const ratios = ratiosOf(measurements);
    const title = `GET ${LOAD.path}, ${LOAD.connections} connections, ${pipeline} at once on each, load by ${LOAD_GENERATOR}`;
    process.stdout.write(`${title}\n${measurementTable(measurements)}\n${ratioLines(ratios)}\n\n`);
    if (ratios.every((ratio) => passes(ratio, part))) return;
  }
  throw new GateError(
    `${ATTEMPTS} times in a row below ${leastRequestsRatio} of Fastify's req/s and above ${mostCpuRatio} of its CPU per request, ${pipeline} at once`,
  );
}

function passes({ requestsPerSecond, cpuPerRequest }: Ratio, part: Part): boolean {
  if (requestsPerSecond.median < LEAST_REQUESTS_RATIO) return false;
  return requestsPerSecond.median >= part.leastRequestsRatio || cpuPerRequest.median <= part.mostCpuRatio;
}
