/** Puts one arm under load and reads what its processes have used. */
import { NoAnswerError, runLoad } from '../../laboratory/load/closed-loop.ts';
import type { LoadRequest } from '../../laboratory/load/request.ts';
import type { Arm } from './arm.ts';
import type { Block } from './block.ts';

export interface Load {
  /** Sent in random order. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  /** Requests that each connection sends together. */
  readonly pipelined: number;
}

/**
 * V8 compiles what has worked enough, so a warm-up is counted in what the server has done. On a busy machine
 * that takes longer. After so much the CPU time of a request falls no further (README.md).
 */
const WARM_UP_CPU_SECONDS = 1.2;
/** Of a server that has little to do, or whose CPU time is unknown. */
const MOST_WARM_UP_BLOCKS = 5;
const WARM_UP_BLOCKS_BLIND = 2;
/** A busy machine may leave a server no time at all. It gets more with each attempt. */
const ATTEMPTS = 4;

export function get(path: string): LoadRequest {
  return { method: 'GET', path, headers: {} };
}

export async function warmUp(arm: Arm, load: Load, blockSeconds: number): Promise<void> {
  const start = arm.cpuSeconds();
  const most = start === undefined ? WARM_UP_BLOCKS_BLIND : MOST_WARM_UP_BLOCKS;
  const isWarm = () => start !== undefined && (arm.cpuSeconds() ?? 0) - start >= WARM_UP_CPU_SECONDS;
  for (let block = 0; block < most && !isWarm(); block += 1) await measureBlock(arm, load, blockSeconds);
}

/** @throws Error if a request fails, or if none is answered */
export async function measureBlock(arm: Arm, load: Load, seconds: number): Promise<Block> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryBlock(arm, load, seconds * attempt);
    } catch (error) {
      if (!(error instanceof NoAnswerError) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function tryBlock(arm: Arm, load: Load, seconds: number): Promise<Block> {
  const { requests, connections, pipelined } = load;
  const before = arm.cpuSeconds();
  const result = await runLoad({ url: arm.url, requests, connections, pipelining: pipelined, seconds });
  const after = arm.cpuSeconds();
  if (result.errors > 0) {
    throw new Error(`${arm.name}: ${result.errors} of ${result.requests} requests failed`);
  }
  return {
    requests: result.requests,
    seconds: result.seconds,
    ...(before !== undefined && after !== undefined && { cpuSeconds: after - before }),
  };
}
