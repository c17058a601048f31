/** Puts one arm under load and reads what its processes have used. */
import { runLoad } from '../../laboratory/load/closed-loop.ts';
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

export function get(path: string): LoadRequest {
  return { method: 'GET', path, headers: {} };
}

/** @throws Error if a request fails */
export async function measureBlock(arm: Arm, load: Load, seconds: number): Promise<Block> {
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
