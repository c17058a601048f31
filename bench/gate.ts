/**
 * `npm run bench -- gate`: the comparison that continuous integration runs, in well under a minute. It
 * compares ratios to Fastify, measured in the same minute on the same machine. Only a clearly bad ratio
 * fails, and only three times in a row. The gate catches a lost advantage. To measure one, run `health`.
 */
import { LOAD_GENERATOR } from './laboratory/load/closed-loop.ts';
import { readLaboratoryOptions } from './laboratory/options.ts';
import { Progress } from './laboratory/progress.ts';
import { FASTIFY_ARM, type Ratio } from './laboratory/results.ts';
import { runLaboratory } from './laboratory/run.ts';
import { scenarioTable } from './laboratory/tables.ts';
import { readOptions } from './options.ts';
import { ScratchDirectory } from './processes/scratch-directory.ts';

/** A busy machine moves one of the two ratios. A server that has lost its advantage misses both. */
interface Part {
  readonly scenario: string;
  readonly leastRequestsRatio: number;
  readonly mostCpuRatio: number;
}

/** The least ratio of requests per second, however little CPU the server uses. */
const LEAST_REQUESTS_RATIO = 0.8;

/** Expected near 1.5 and 0.7. */
const PLAIN: Part = { scenario: 'health', leastRequestsRatio: 1.1, mostCpuRatio: 0.9 };
/** Expected near 6 and 0.3. With autocannon, which is slower than both servers, expect 1.6 and 0.6. */
const PIPELINED: Part = { scenario: 'pipelined', leastRequestsRatio: 1.5, mostCpuRatio: 0.75 };
/** With one request at a time, autocannon is slower than the servers and would measure itself. */
const PARTS = LOAD_GENERATOR === 'wrk' ? [PLAIN, PIPELINED] : [PIPELINED];

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
  for (const part of PARTS) await holdTo(part);
}

async function holdTo(part: Part): Promise<void> {
  const { scenario, leastRequestsRatio, mostCpuRatio } = part;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (passes(await measure(scenario), part)) return;
  }
  throw new GateError(
    `${scenario}: ${ATTEMPTS} times in a row below ${leastRequestsRatio} of Fastify's req/s and above ${mostCpuRatio} of its CPU per request`,
  );
}

/** This server's ratio to Fastify. */
async function measure(name: string): Promise<Ratio | undefined> {
  using directory = new ScratchDirectory();
  const parameters = [name, '--arms', `wasm,${FASTIFY_ARM}`, '--rounds', '3', '--seconds', '1'];
  const options = readLaboratoryOptions(parameters);
  if (options === undefined) throw new Error('help was not asked for');
  const { run: results } = await runLaboratory({
    ...options,
    blocks: { ...options.blocks, fixedRates: 0 },
    out: `${directory.path}/results.json`,
    command: 'npm run bench -- gate',
    progress: new Progress(process.stderr),
  });
  const [scenario] = results.scenarios;
  if (scenario === undefined || scenario.failure !== undefined) throw new Error(scenario?.failure ?? name);
  process.stdout.write(`${scenarioTable(scenario)}\n`);
  return scenario.ratios.find(({ to }) => to === FASTIFY_ARM);
}

function passes(ratio: Ratio | undefined, { leastRequestsRatio, mostCpuRatio }: Part): boolean {
  if (ratio === undefined || ratio.requestsPerSecond.median < LEAST_REQUESTS_RATIO) return false;
  const { requestsPerSecond, cpuMicrosecondsPerRequest } = ratio;
  return requestsPerSecond.median >= leastRequestsRatio || cpuMicrosecondsPerRequest.median <= mostCpuRatio;
}
