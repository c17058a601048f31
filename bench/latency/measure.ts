/** All that is put beside the figures of the C++ design: stages, throughput and memory. */
import type { LatencyResult } from '../laboratory/results.ts';
import { expectedSecondsOfServers, measureServers } from './servers.ts';
import { timeStages } from './stages.ts';
import { SCENARIOS } from './workload.ts';

export interface LatencyOptions {
  /** Of the server whose stages are timed, and its requests per second and connections then. */
  readonly workers: number;
  readonly rate: number;
  readonly connections: number;
  /** Connections while throughput is measured. */
  readonly busyConnections: number;
  /** While stages are timed, and before that. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** While throughput is measured. */
  readonly busySeconds: number;
}

export const USUAL_LATENCY: LatencyOptions = {
  workers: 8,
  rate: 200,
  connections: 16,
  busyConnections: 64,
  seconds: 10,
  warmUpSeconds: 5,
  busySeconds: 10,
};

/** @param note tells what runs now */
export async function measureLatency(
  { busyConnections, busySeconds, ...options }: LatencyOptions,
  note: (text: string) => void,
): Promise<LatencyResult> {
  const startedAt = new Date().toISOString();
  const { workers } = options;
  const scenarios = await timeStages({ ...options, note });
  const servers = await measureServers({ seconds: busySeconds, connections: busyConnections, note });
  return { startedAt, workers, scenarios, ...servers };
}

const SECONDS_OF_START = 4;

/** How long it takes, about. */
export function expectedLatencySeconds({ seconds, warmUpSeconds, busySeconds }: LatencyOptions): number {
  const stages = SECONDS_OF_START + SCENARIOS.length * (warmUpSeconds + seconds);
  return stages + expectedSecondsOfServers(busySeconds);
}
