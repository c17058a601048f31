/** All that is put beside the figures of the C++ design: stages, throughput and memory. */
import type { LatencyResult } from '../laboratory/results.ts';
import { measureServers } from './servers.ts';
import { timeStages } from './stages.ts';

export interface LatencyOptions {
  /** Of the server whose stages are timed, and its requests per second and connections then. */
  readonly workers: number;
  readonly rate: number;
  readonly connections: number;
  /** Connections while throughput is measured. */
  readonly busyConnections: number;
  /** Of each measurement, and before stages are timed. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export const USUAL_LATENCY: LatencyOptions = {
  workers: 8,
  rate: 200,
  connections: 16,
  busyConnections: 64,
  seconds: 10,
  warmUpSeconds: 5,
};

/** @param note tells what runs now */
export async function measureLatency(
  { busyConnections, ...options }: LatencyOptions,
  note: (text: string) => void,
): Promise<LatencyResult> {
  const startedAt = new Date().toISOString();
  const { workers, seconds } = options;
  const scenarios = await timeStages({ ...options, note });
  const servers = await measureServers({ seconds, connections: busyConnections, note });
  return { startedAt, workers, scenarios, ...servers };
}
