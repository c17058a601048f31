/** Starts a server and measures what that takes: the time to its first answer, and its memory. */
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadRequest } from '../load.ts';
import type { ProcessUsage } from '../processes/process-usage.ts';
import { type ServerDefinition, ServerProcess } from '../server-process.ts';
import { ask } from './answers.ts';

export interface StartMeasurement {
  readonly name: string;
  readonly firstAnswerMs: number;
  /** Once it is at rest, so that workers and processes that start later count too. */
  readonly residentBytes: number;
  readonly proportionalBytes?: number;
}

export interface StartedServer {
  readonly server: ServerProcess;
  readonly start: StartMeasurement;
}

const REST_INTERVAL_MS = 250;
/** CPU time within the interval, of a server that only waits. */
const REST_CPU_SECONDS = 0.02;
const MAX_INTERVALS = 40;

/** @param request that it must answer with 200 */
export async function startServer(
  definition: ServerDefinition,
  request: LoadRequest,
): Promise<StartedServer> {
  const startedAt = performance.now();
  const server = await ServerProcess.start(definition);
  try {
    const { status, body } = await ask(server, request);
    if (status !== 200) throw new Error(`${server.name} answered its first request with ${status}\n${body}`);
    const firstAnswerMs = performance.now() - startedAt;
    const { residentBytes, proportionalBytes } = await untilAtRest(server);
    return {
      server,
      start: {
        name: server.name,
        firstAnswerMs,
        residentBytes,
        ...(proportionalBytes !== undefined && { proportionalBytes }),
      },
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function untilAtRest(server: ServerProcess): Promise<ProcessUsage> {
  let before = await server.usage();
  for (let interval = 0; interval < MAX_INTERVALS; interval += 1) {
    await delay(REST_INTERVAL_MS);
    const after = await server.usage();
    if (after.cpuSeconds - before.cpuSeconds <= REST_CPU_SECONDS) return after;
    before = after;
  }
  return before;
}
