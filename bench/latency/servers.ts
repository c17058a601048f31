/**
 * The bundle with 1, 8 and 16 workers: its requests per second under a load that keeps it busy, and its
 * memory before and after that. Memory is the proportional set size of the process.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BUNDLE } from '../arms/arm.ts';
import { runLoad } from '../laboratory/load/closed-loop.ts';
import type { LoadRequest } from '../laboratory/load/request.ts';
import type { LatencyResult } from '../laboratory/results.ts';
import { onNode, ServerProcess } from '../processes/server-process.ts';
import { DESIGN_THROUGHPUT } from '../report/design.ts';
import { prepareWorkload } from './workload.ts';

const NAME = 'cloudvm-backend';
const MB = 1_048_576;
const BUSY_SCENARIOS = ['plain', 'vm-read'] as const;
/** Workers start one after the other, and then garbage is left. */
const REST_MS = 3_000;
const WARM_UP_SECONDS = 2;
/** Start, 100 VMs, stop. */
const SECONDS_OF_SERVER = 3;

interface Measured {
  readonly workers: number;
  readonly restMb: number | undefined;
  readonly loadedMb: number | undefined;
  readonly throughput: LatencyResult['throughput'];
}

export interface ServerOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly note: (text: string) => void;
}

export async function measureServers(
  options: ServerOptions,
): Promise<Pick<LatencyResult, 'throughput' | 'memory'>> {
  const measured: Measured[] = [];
  for (const { threads } of DESIGN_THROUGHPUT) measured.push(await measureWith(threads, options));
  const emptyMb = await restOfEmptyServer();
  const memory = memoryOf(measured, emptyMb);
  return { throughput: measured.flatMap(({ throughput }) => throughput), ...(memory && { memory }) };
}

/** How long `measureServers` takes, about. @param seconds of its options */
export function expectedSecondsOfServers(seconds: number): number {
  const busy = BUSY_SCENARIOS.length * (WARM_UP_SECONDS + seconds);
  return (
    (DESIGN_THROUGHPUT.length + 1) * (SECONDS_OF_SERVER + REST_MS / 1000) + DESIGN_THROUGHPUT.length * busy
  );
}

async function measureWith(workers: number, options: ServerOptions): Promise<Measured> {
  const { seconds, connections, note } = options;
  note(`throughput with ${workers} ${workers === 1 ? 'worker' : 'workers'}`);
  await using server = await ServerProcess.start(NAME, onNode(BUNDLE, { WORKERS: String(workers) }));
  const restMb = await restMemory(server);
  const workload = await prepareWorkload(server.url);
  const throughput = [];
  for (const scenario of BUSY_SCENARIOS) {
    const requests = Array.from({ length: 200 }, (): LoadRequest => workload[scenario]());
    const load = { url: server.url, connections, pipelining: 1, requests };
    await runLoad({ ...load, seconds: WARM_UP_SECONDS });
    const { requestsPerSecond } = await runLoad({ ...load, seconds });
    throughput.push({ scenario, workers, requestsPerSecond });
  }
  return { workers, restMb, loadedMb: await memoryMb(server), throughput };
}

/** One worker with an application that does nothing. */
async function restOfEmptyServer(): Promise<number | undefined> {
  const environment = { APP: 'test/fixtures/echo-app.ts', WORKERS: '1' };
  await using server = await ServerProcess.start(NAME, onNode(BUNDLE, environment));
  return await restMemory(server);
}

async function restMemory(server: ServerProcess): Promise<number | undefined> {
  await delay(REST_MS);
  return await memoryMb(server);
}

async function memoryMb(server: ServerProcess): Promise<number | undefined> {
  const { proportionalBytes } = await server.usage();
  return proportionalBytes === undefined ? undefined : proportionalBytes / MB;
}

function memoryOf(measured: readonly Measured[], emptyMb: number | undefined): LatencyResult['memory'] {
  const of = (workers: number) => measured.find((one) => one.workers === workers);
  const [one, eight, sixteen] = [of(1), of(8), of(16)];
  if (emptyMb === undefined || one?.restMb === undefined || sixteen?.restMb === undefined) return undefined;
  if (eight?.restMb === undefined || eight.loadedMb === undefined) return undefined;
  const threadMb = (sixteen.restMb - one.restMb) / 15;
  return {
    baseMb: emptyMb - threadMb,
    threadMb,
    databaseMb: one.restMb - emptyMb,
    totalMb: eight.restMb,
    loadedMb: eight.loadedMb,
  };
}
