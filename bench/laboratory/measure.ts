/** One block of load on one arm. */
import type { ProcessUsage } from '../processes/process-usage.ts';
import type { BesideLoad, Scenario } from '../scenarios/scenario.ts';
import type { Environment } from './environment.ts';
import { runLoad } from './load/closed-loop.ts';
import type { LoadResult } from './load/load.ts';
import type { OpenLoopProcess } from './load/open-loop/open-loop-process.ts';
import type { LoadRequest } from './load/request.ts';
import type { FixedRate, Round } from './results.ts';
import { megabytesOf, type StartedArm } from './started-arm.ts';

/** From this share of a core on, the generator may be what was measured. */
export const GENERATOR_LIMIT = 0.9;

export interface Block {
  readonly scenario: Scenario;
  readonly environment: Environment;
  readonly requests: readonly LoadRequest[];
  readonly seconds: number;
}

export interface FixedRateBlock extends Block {
  readonly generator: OpenLoopProcess;
  readonly shareOfCapacity: number;
  readonly rate: number;
}

/** A failure names the arm, because all have the same routes. */
async function naming<Result>({ arm }: StartedArm, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${arm.name} failed under load: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Each connection asks again as soon as it has its answer. */
export function measureRound(started: StartedArm, block: Block): Promise<Round> {
  return naming(started, async () => {
    const { scenario, environment, seconds } = block;
    const { arm, server } = started;
    const startedAt = new Date().toISOString();
    const [before, databaseBefore] = await usages(started, environment);
    const [load, beside] = await Promise.all([loadOf(server.url, block), besideOf(server.url, block)]);
    await environment.settle(arm.name);
    const [after, databaseAfter] = await usages(started, environment);
    await environment.cleanUp(arm.name);
    const further = await scenario.further?.measure(server.url, load.requestsPerSecond, seconds);
    const figures = { ...beside, ...further };
    const perRequest = (from: ProcessUsage, to: ProcessUsage) =>
      ((to.cpuSeconds - from.cpuSeconds) / load.requests) * 1e6;
    return {
      startedAt,
      seconds: load.seconds,
      requests: load.requests,
      requestsPerSecond: load.requestsPerSecond,
      cpuMicrosecondsPerRequest: perRequest(before, after),
      ...(databaseBefore !== undefined &&
        databaseAfter !== undefined && {
          databaseCpuMicrosecondsPerRequest: perRequest(databaseBefore, databaseAfter),
        }),
      ...load.latency,
      memoryMb: megabytesOf(after),
      errors: load.errors,
      generatorShare: load.generatorShare,
      generatorWasLimit: load.generatorShare >= GENERATOR_LIMIT,
      ...(Object.keys(figures).length > 0 && { figures }),
    };
  });
}

/** Requests come by a clock, see FixedRate. */
export function measureFixedRate(started: StartedArm, block: FixedRateBlock): Promise<FixedRate> {
  return naming(started, async () => {
    const { scenario, environment, generator, requests, seconds, rate, shareOfCapacity } = block;
    const { connections, pipelining = 1, closes = false } = scenario;
    const startedAt = new Date().toISOString();
    const { url } = started.server;
    const [result] = await Promise.all([
      generator.run({ url, requests, connections, seconds, rate, pipelining, closes }),
      besideOf(url, block),
    ]);
    await environment.settle(started.arm.name);
    await environment.cleanUp(started.arm.name);
    const { due, ...measured } = result;
    return { startedAt, shareOfCapacity, rate: due / seconds, ...measured };
  });
}

function loadOf(url: string, { scenario, requests, seconds }: Block): Promise<LoadResult> {
  const { connections, pipelining = 1 } = scenario;
  return runLoad({ url, requests, connections, seconds, pipelining });
}

async function besideOf(url: string, { scenario, seconds }: Block): Promise<Record<string, number>> {
  if (scenario.beside === undefined) return {};
  const { request, connections, figure }: BesideLoad = scenario.beside;
  const load = await runLoad({ url, requests: [request], connections, seconds, pipelining: 1 });
  return { [figure.name]: load.requestsPerSecond };
}

function usages(
  { server }: StartedArm,
  environment: Environment,
): Promise<[ProcessUsage, ProcessUsage | undefined]> {
  return Promise.all([server.usage(), environment.databaseUsage()]);
}
