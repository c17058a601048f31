/** Times the stages of each kind of request, one kind after the other on one server. */
import { countOf, quantileOf } from '../../src/runtime/memory/workers/stage-histogram.ts';
import type { StageTime, TimedScenario } from '../laboratory/results.ts';
import { runPacedLoad } from './paced-load.ts';
import { counted, type Histograms, TimedServerProcess } from './timed-server-process.ts';
import { ABOUT, prepareWorkload, SCENARIOS } from './workload.ts';

export interface StageOptions {
  readonly workers: number;
  readonly rate: number;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly note: (text: string) => void;
}

export async function timeStages(options: StageOptions): Promise<TimedScenario[]> {
  const { workers, rate, connections, seconds, warmUpSeconds, note } = options;
  await using server = await TimedServerProcess.start(workers);
  const workload = await prepareWorkload(server.url);
  const scenarios: TimedScenario[] = [];
  for (const name of SCENARIOS) {
    note(`stages of ${name}: ${rate} requests a second for ${seconds} s`);
    const load = { url: server.url, rate, connections, next: workload[name] };
    if (warmUpSeconds > 0) await runPacedLoad({ ...load, seconds: warmUpSeconds });
    const before = await server.histograms();
    await runPacedLoad({ ...load, seconds });
    const stages = stageTimes(counted(before, await server.histograms()));
    scenarios.push({ name, about: ABOUT[name], rate, stages });
  }
  return scenarios;
}

/** Of the stages that any request has passed. */
function stageTimes(histograms: Histograms): StageTime[] {
  return [...histograms].flatMap(([stage, counts]) => {
    const p50Ms = quantileOf(counts, 0.5);
    const p99Ms = quantileOf(counts, 0.99);
    if (p50Ms === undefined || p99Ms === undefined) return [];
    return [{ stage, requests: countOf(counts), p50Ms, p99Ms }];
  });
}
