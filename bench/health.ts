/**
 * `npm run bench -- health`: GET /health on this server, on Fastify and on node:http. First each connection
 * has one request at a time, then requests are pipelined. The handler does nothing, so this measures the
 * servers themselves.
 */
import { compare } from './comparison.ts';
import { describeOptions, type NumberOption, readOptions } from './options.ts';
import { describeSetting, measurementTable, ratioLines, ratiosOf } from './report.ts';
import { FASTIFY, NODE_HTTP, ServerProcess, THIS_SERVER } from './server-process.ts';

const OPTIONS = {
  rounds: { fallback: 5, least: 1, most: 100, about: 'rounds for each server' },
  seconds: { fallback: 5, least: 1, most: 600, about: 'seconds of each round' },
  connections: { fallback: 64, least: 1, most: 10_000, about: 'connections at once' },
  pipeline: {
    fallback: 16,
    least: 1,
    most: 1000,
    about: 'requests sent at once in the second part; 1: none',
  },
} as const satisfies Record<string, NumberOption>;

const WARM_UP_SECONDS = 2;

export async function run(parameters: readonly string[]): Promise<void> {
  const { numbers, json, help } = readOptions(parameters, OPTIONS);
  if (help) {
    process.stdout.write(describeOptions(OPTIONS));
    return;
  }
  await using ours = await ServerProcess.start(THIS_SERVER);
  await using fastify = await ServerProcess.start(FASTIFY);
  await using nodeHttp = await ServerProcess.start(NODE_HTTP);
  const servers = [ours, fastify, nodeHttp];

  if (!json) process.stdout.write(`${describeSetting()}\n`);
  const parts = [];
  for (const pipeline of new Set([1, numbers.pipeline])) {
    const measurements = await compare(servers, {
      ...numbers,
      path: '/health',
      pipeline,
      warmUpSeconds: WARM_UP_SECONDS,
    });
    const ratios = ratiosOf(measurements);
    parts.push({ pipeline, measurements, ratios });
    if (json) continue;
    const title = `GET /health, ${numbers.connections} connections, ${pipeline} at once on each, ${numbers.rounds} rounds of ${numbers.seconds} s`;
    process.stdout.write(`\n${title}\n${measurementTable(measurements)}\n${ratioLines(ratios)}\n`);
  }
  if (json)
    process.stdout.write(`${JSON.stringify({ setting: describeSetting(), ...numbers, parts }, null, 2)}\n`);
}
