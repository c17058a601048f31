/** Starts an arm and measures what that takes: the time to its first answer, and its memory at rest. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Arm, Surroundings } from '../arms/arm.ts';
import type { ProcessUsage } from '../processes/process-usage.ts';
import { ServerProcess } from '../processes/server-process.ts';
import { ask } from './equality/answers.ts';
import type { LoadRequest } from './load/request.ts';

export interface StartedArm {
  readonly arm: Arm;
  readonly server: ServerProcess;
  readonly firstAnswerMs: number;
}

const REST_INTERVAL_MS = 250;
/** CPU time of all servers within the interval, while they only wait. */
const REST_CPU_SECONDS = 0.03;
/** On a busy machine they never rest. */
const MOST_INTERVALS = 20;

/** @throws UnavailableError, or Error if it does not answer this request with 200 */
export async function startArm(
  arm: Arm,
  surroundings: Surroundings,
  request: LoadRequest,
): Promise<StartedArm> {
  const launch = await arm.prepare(surroundings);
  const startedAt = performance.now();
  const server = await ServerProcess.start(arm.name, launch);
  try {
    const { status, body } = await ask(server, request);
    if (status !== 200) throw new Error(`${arm.name} answered its first request with ${status}\n${body}`);
    return { arm, server, firstAnswerMs: performance.now() - startedAt };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** The memory of each, by its name, once workers and processes that start later have started. */
export async function memoryAtRest(started: readonly StartedArm[]): Promise<ReadonlyMap<string, number>> {
  const usages = () => Promise.all(started.map(({ server }) => server.usage()));
  const cpuOf = (all: readonly ProcessUsage[]) => all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  let before = await usages();
  for (let interval = 0; interval < MOST_INTERVALS; interval += 1) {
    await delay(REST_INTERVAL_MS);
    const after = await usages();
    const rests = cpuOf(after) - cpuOf(before) <= REST_CPU_SECONDS;
    before = after;
    if (rests) break;
  }
  return new Map(
    started.map(({ arm }, index) => [
      arm.name,
      megabytesOf(before[index] ?? { cpuSeconds: 0, residentBytes: 0 }),
    ]),
  );
}

/** The proportional set size where the system tells it, else the resident one. */
export function megabytesOf({ proportionalBytes, residentBytes }: ProcessUsage): number {
  return (proportionalBytes ?? residentBytes) / 1024 / 1024;
}
