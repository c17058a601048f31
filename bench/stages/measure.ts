/** All that is said of the two cores: each stage, turns of a worker, the boundary, and whole requests. */
import type { CoreStages } from '../laboratory/results.ts';
import { measureBoundary } from './boundary/measure-boundary.ts';
import { measureEndToEnd } from './end-to-end.ts';
import { measureCores } from './measure-cores.ts';
import { measureTurns } from './turns/measure-turns.ts';

export interface CoreStagesOptions {
  /** Of stages and of requests. Each has both cores. */
  readonly rounds: number;
  /** Of each batch of a stage. */
  readonly milliseconds: number;
  /** Of load in each round. 0: no whole requests. */
  readonly seconds: number;
  readonly connections: number;
}

export const USUAL_CORE_STAGES: CoreStagesOptions = {
  rounds: 7,
  milliseconds: 5,
  seconds: 3,
  connections: 64,
};

/** @param note tells what runs now */
export async function measureCoreStages(
  options: CoreStagesOptions,
  note: (text: string) => void,
): Promise<CoreStages> {
  const startedAt = new Date().toISOString();
  const { stages, start } = await measureCores({ ...options, note });
  const turns = await measureTurns({ ...options, note });
  const boundary = await measureBoundary({ ...options, note });
  const requests = options.seconds === 0 ? [] : await measureEndToEnd(stages, { ...options, note });
  return { startedAt, stages, start, requests, turns, boundary };
}
